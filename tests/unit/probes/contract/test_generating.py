"""What is generated depends on the schema and the seed alone."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = """\
import sys
from pathlib import Path
from fastapi import FastAPI
from pydantic import BaseModel
from pytest_backend_gates.probes.contract import engine

if sys.argv[1] == "import":
    import constants
    import hypothesis.strategies as st
    from hypothesis import given

    @given(st.text(), st.integers())
    def fill_the_caches(text, number):
        pass

    fill_the_caches()

class Item(BaseModel):
    name: str
    price: int
    tags: dict[str, set[str]]

app = FastAPI()

@app.post("/items/{shop}")
def create(shop: str, item: Item, q: float = 0.0) -> Item:
    return item

api = engine.load(app, None, checks=(), rootdir=Path.cwd())
for line in api.exercise(api.operations[0], app).log:
    print(line)
"""


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., str]:
    (tmp_path / "constants.py").write_text(
        "\n".join(f"A{number} = {10**8 + number}; B{number} = 'constant {number}'" for number in range(500))
    )

    def run(hash_seed: str, how: str = "", **environment: str) -> str:
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT, how],
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    return run


def test_the_same_in_every_process(log: Callable[..., str]) -> None:
    """Neither the hash seed, nor a CI's profile, nor the project's modules and its own use of hypothesis count."""
    first = log("1")
    assert len(first.splitlines()) > 25
    assert log("2", CI="true") == first
    assert log("3", "import") == first
