"""What runs in threads counts exactly where coverage.py counts it, whichever core that takes."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_backend_gates.probes.coverage_explained import core_in

Probe = Callable[..., dict[str, Any]]
Oracle = Callable[..., dict[str, list[int]]]

ORDERS = """\
import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI

app = FastAPI()


@app.get("/orders")
def orders():
    found = [1, 2]
    return found


@app.get("/paid")
async def paid():
    return await asyncio.to_thread(_paid)


def _paid():
    found = [1]
    return found


def mail():
    thread = threading.Thread(target=_mail)
    thread.start()
    thread.join()


def _mail():
    sent = 1
    sent += 1


def pack():
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_pack).result()


def _pack():
    if packed := 1:
        return packed
"""
TEST_ORDERS = """\
from fastapi.testclient import TestClient
from shop import orders


def test_orders():
    client = TestClient(orders.app)
    assert client.get("/orders").json() == [1, 2]
    assert client.get("/paid").json() == [1]
    orders.mail()
    assert orders.pack() == 1
"""


def _write(project: Path, configuration: str, orders: str, test: str) -> None:
    (project / ".coveragerc").write_text(f"[run]\nsource = src\n{configuration}\n", "utf-8")
    (project / "src/shop/orders.py").write_text(orders, "utf-8")
    (project / "tests/test_orders.py").write_text(test, "utf-8")


@pytest.mark.parametrize(
    "configuration",
    [
        "",
        "branch = true",
        "concurrency =",
        "concurrency = thread",
        "concurrency = multiprocessing",
        "concurrency = multiprocessing\nbranch = true",
        "concurrency = multiprocessing, thread",
        "concurrency = multiprocessing\ncore = sysmon",
        "concurrency = multiprocessing\ntimid = true",
        "concurrency = greenlet",
        "concurrency = greenlet, thread",
        "dynamic_context = test_function",
        "patch = subprocess",
    ],
)
def test_threads_count_where_coverage_counts_them(
    project: Path, probe: Probe, oracle: Oracle, configuration: str
) -> None:
    """Endpoints in the framework's pool, an executor and threads of the code's own."""
    _write(project, configuration, ORDERS, TEST_ORDERS)
    told = core_in(project)
    result = probe()
    assert told is not None
    assert result["core"] == told.name
    combine = "multiprocessing" in configuration or "patch" in configuration
    assert result["coverage"]["files"] == oracle(combine=combine)


UNTRACED = """\
import _thread
import sys


def last():
    done = _thread.allocate_lock()
    done.acquire()
    _thread.start_new_thread(beside, (done,))
    done.acquire()
    sys.settrace(None)
    return after()


def beside(done):
    done.release()


def after():
    lost = 1
    return lost
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there is no sys.monitoring")
@pytest.mark.parametrize(("configuration", "hits"), [("", 14), ("core = ctrace", 10)])
def test_what_a_trace_function_loses_is_seen(
    project: Path, probe: Probe, configuration: str, hits: int
) -> None:
    """Code that takes trace functions out, and threads of ``_thread``'s: but by the core that cannot."""
    _write(project, configuration, UNTRACED, "from shop import orders\n\ndef test_it():\n    orders.last()\n")
    assert probe()["coverage"]["files"]["src/shop/orders.py"] == [hits, 14]
