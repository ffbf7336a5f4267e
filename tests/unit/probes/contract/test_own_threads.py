"""The threads of an exercise: coverage.py need not trace them, and anyio keeps its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI

from pytest_backend_gates.fleeting import FLEETING
from pytest_backend_gates.probes.contract.findings import Exercise
from pytest_backend_gates.probes.contract.leaving import nobody_leaves
from pytest_backend_gates.probes.contract.own_threads import fleeting, known_threads

Exercised = Callable[..., dict[str, Exercise]]


def begun_by(marked: bool, name: str) -> bool:  # noqa: FBT001 - one of two cases
    """Say whether a thread of this *name* is marked when one that is *marked*, or not, starts it."""
    found: list[bool] = []

    def begin() -> None:
        thread = threading.Thread(target=int, name=name)
        thread.start()
        found.append(thread in FLEETING)
        thread.join()

    starter = threading.Thread(target=begin)
    if marked:
        fleeting(starter)
    starter.start()
    starter.join()
    return found[0]


def test_only_what_is_known_to_end_is_marked() -> None:
    """The engine's own, started by a marked thread; not one of the application's, which may live on."""
    start = threading.Thread.start
    with known_threads():
        assert begun_by(True, "schemathesis_unit_tests_0")  # noqa: FBT003
        assert not begun_by(False, "schemathesis_unit_tests_0")  # noqa: FBT003
        assert not begun_by(True, "ThreadPoolExecutor-0_0")  # noqa: FBT003
    assert threading.Thread.start is start
    assert not begun_by(True, "schemathesis_unit_tests_0")  # noqa: FBT003


def test_what_an_application_puts_on_top_stays() -> None:
    """As tracing libraries do when the application starts."""
    start, begun = threading.Thread.start, list[threading.Thread]()
    try:
        with nobody_leaves({}), known_threads():
            below = threading.Thread.start

            def counting(thread: threading.Thread) -> None:
                begun.append(thread)
                below(thread)

            threading.Thread.start = counting  # type: ignore[method-assign, assignment] # a parameter of another name
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        assert begun == [thread]
    finally:
        threading.Thread.start = start  # type: ignore[method-assign]


def test_an_application_is_answered_in_marked_threads(exercise: Exercised) -> None:
    """Blocking routes in few threads and not in one for each request; a pool of the application's own is none."""
    app, own = FastAPI(), ThreadPoolExecutor(1)
    pooled: set[threading.Thread] = set()
    blocking: list[threading.Thread] = []
    here: set[threading.Thread] = set()

    @app.get("/blocking")
    def wait(number: int) -> int:
        blocking.append(threading.current_thread())
        pooled.add(own.submit(threading.current_thread).result())
        return number

    @app.get("/here")
    async def answer(number: int) -> int:
        here.add(threading.current_thread())
        return number

    results = exercise(app)
    own.shutdown()
    assert {name: one.failures for name, one in results.items()} == {"GET /blocking": (), "GET /here": ()}
    assert len(blocking) > 10
    assert len(set(blocking)) == len(here) == len(pooled) == 1
    assert {*blocking, *here} <= {*FLEETING}
    assert not {*pooled} & {*FLEETING}
    assert not any(thread.is_alive() for thread in {*blocking, *here})
