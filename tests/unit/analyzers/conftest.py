"""Small projects, scanned as a session scans them: in the child process."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pytest_backend_gates.measurements import Reading
from pytest_backend_gates.probes.static import StaticProbe

Scan = Callable[..., Mapping[str, Reading]]


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    """``scan({"pyproject.toml": text, "a.py": text}, "security")`` -> the readings of one analyzer."""

    def scanned(files: Mapping[str, str | bytes], analyzer: str) -> Mapping[str, Reading]:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        probe = StaticProbe(tmp_path, sorted(n for n in files if n.endswith(".py")), analyzers=[analyzer])
        probe.start()
        payload = probe.collect(None, print)
        probe.stop()
        return probe.reduce([payload], None)

    return scanned


@pytest.fixture
def site_packages() -> Path:
    """Return the folder of the packages that are scanned as oracles: nobody here wrote them."""
    return Path(pytest.__file__).parent.parent
