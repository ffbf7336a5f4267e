"""Which line of the project's own code is running."""

import asyncio
import inspect
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.util import await_only, greenlet_spawn

from pytest_backend_gates.probes.traffic import TrafficProbe
from pytest_backend_gates.taps.places import Places

ROOT = Path(__file__).parents[3]
HERE = "tests/unit/taps/test_places.py"
Place = tuple[str, int] | None


def line() -> int:
    """Return the number of the line that calls this."""
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


def test_the_innermost_line_of_the_project() -> None:
    """What is called in a library is called by a line of ours."""
    places = Places(ROOT)
    assert places.here() == (HERE, line())
    (found,) = map(lambda _: places.here(), [None])  # noqa: C417  a call through C
    assert found == (HERE, line() - 1)
    assert asyncio.run(asyncio.to_thread(places.here)) is None  # a thread knows nothing of who started it


def test_code_outside_of_the_project(tmp_path: Path) -> None:
    """Neither other folders nor installed packages nor templates are the project's code."""
    assert Places(tmp_path).here() is None
    found: dict[str, Place] = {}
    for name in ("page.html", "shop.py"):
        scope = {"here": Places(tmp_path).here}
        exec(compile("\n\nplace = here()", str(tmp_path / name), "exec"), scope)  # noqa: S102  code with a file of its own
        found[name] = scope["place"]  # type: ignore[assignment]
    assert found == {"page.html": None, "shop.py": ("shop.py", 3)}


def test_across_the_switch_to_a_driver() -> None:
    """SQLAlchemy's asyncio runs its synchronous part in a greenlet; the coroutine waits in another."""
    places = Places(ROOT)

    async def main() -> tuple[Place, int]:
        return await greenlet_spawn(eval, "here()", {"here": places.here}), line()

    async def driver() -> Place:
        return places.here()

    async def back_again() -> Place:
        return await greenlet_spawn(lambda: await_only(driver()))

    found, number = asyncio.run(main())
    assert found == (HERE, number)
    assert asyncio.run(back_again()) == (HERE, driver.__code__.co_firstlineno + 1)


@pytest.mark.parametrize("tapped", [True, False])
def test_nothing_outside_of_the_request(*, tapped: bool) -> None:
    """The line of the test that makes a request is not what asks the database."""
    places = Places(ROOT)
    app = Flask(__name__)
    found: list[Place] = []
    app.add_url_rule("/", view_func=eval("lambda: found.append(places.here()) or ''", locals()))  # noqa: S307
    probe = TrafficProbe()
    if tapped:
        probe.start()
    try:
        app.test_client().get("/")
        number = line() - 1
    finally:
        probe.stop()
    assert found == [None if tapped else (HERE, number)]
