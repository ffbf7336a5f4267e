"""The built-in taps, before any framework is imported."""

import subprocess
import sys


def test_no_framework_is_imported_by_us() -> None:
    """Importing, starting and using the probe imports no framework."""
    code = (
        "import sys\n"
        "from pytest_backend_gates.probes.traffic import TrafficProbe\n"
        "probe = TrafficProbe()\n"
        "probe.start(); probe.open_window(); probe.close_window()\n"
        "probe.collect(None, print); probe.stop()\n"
        "print(sorted({'flask', 'starlette', 'fastapi', 'werkzeug', 'anyio', 'django', 'litestar', 'ninja'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_framework_imported_later_is_tapped_then() -> None:
    """Also between tests: the first request, which does not count, is the cold one."""
    code = (
        "from pytest_backend_gates.probes.traffic import TrafficProbe\n"
        "probe = TrafficProbe()\n"
        "probe.start()\n"
        "from flask import Flask\n"
        "client = Flask('late').test_client()\n"
        "client.get('/')\n"
        "for _ in range(3):\n"
        "    probe.open_window(); client.get('/'); probe.close_window()\n"
        "print(probe.collect(None, print)['operations']['GET (no route)']['seen'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("3\n", "")
