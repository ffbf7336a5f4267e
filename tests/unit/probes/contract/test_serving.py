"""How an application is served: that ``os._exit`` means what it says elsewhere."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from pytest_backend_gates.probes.contract.leaving import INSIDE, LeftError, nobody_leaves
from pytest_backend_gates.probes.contract.serving import Traffic


def test_leaving_inside() -> None:
    """``os._exit`` raises in the application's code only, and is given back."""
    before = os._exit
    raised = []

    def leave() -> None:
        try:
            os._exit(3)
        except LeftError as error:
            raised.append(str(error))

    with nobody_leaves({}):
        token = INSIDE.set("a case")
        leave()
        INSIDE.reset(token)
    assert (raised, os._exit is before) == (["os._exit(3)"], True)


@pytest.mark.parametrize("where", ["threading.Thread(target=os._exit, args=(3,)).start()", "os._exit(3)"])
def test_leaving_outside(where: str) -> None:
    """Another thread, such as a timeout's, leaves as it wants to."""
    script = (
        "import os, threading\n"
        "from pytest_backend_gates.probes.contract.leaving import nobody_leaves\n"
        f"with nobody_leaves(dict()):\n    {where}\n    threading.Event().wait(10)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 3


def test_a_thread_that_the_application_has_started() -> None:
    """It cannot leave either, nor can one that it starts in turn, however late it does; that is kept."""
    before, late, go = os._exit, dict[str, BaseException](), threading.Event()

    def starts_another() -> None:
        start(leaves)

    def leaves() -> None:
        os._exit(3)

    def leaves_later() -> None:
        go.wait()
        with pytest.raises(LeftError, match=r"^os\._exit\(4\)$"):
            os._exit(4)

    def start(target: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=target)
        thread.start()
        if target is not leaves_later:
            thread.join()
        return thread

    with nobody_leaves(late):
        token = INSIDE.set("a case")
        start(starts_another)
        waits = start(leaves_later)
        INSIDE.reset(token)
    go.set()
    waits.join()
    with nobody_leaves(late):
        pass  # the next one gives it back
    assert {case: str(error) for case, error in late.items()} == {"a case": "os._exit(3)"}
    assert os._exit is before


def test_the_log() -> None:
    """It tells requests apart by method, target and body, and not by a random boundary."""
    traffic = Traffic()

    def note(kind: str, body: bytes) -> str:
        return traffic.note("POST", "/x?y=1", body, kind)

    assert note("application/json", b"{}") == "POST /x?y=1"
    note("application/json", b"[]")
    note('multipart/form-data; boundary="abc"', b"--abc--")
    note("multipart/form-data; boundary=xyz", b"--xyz--")
    assert len(set(traffic.log)) == 3
    assert traffic.log[2] == traffic.log[3]
    assert all(line.startswith("POST /x?y=1 ") for line in traffic.log)
