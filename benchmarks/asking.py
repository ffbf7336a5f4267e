"""``st run`` against a server on this machine, as a program: ``python -m benchmarks.asking SHOP CONFIGURATION FOUND``.

Starts SHOP of ``served`` in its usual server, runs ``st run`` under CONFIGURATION, a schemathesis.toml, writes its
JSON report to FOUND, and stops the server. What both cost is counted here, for they are waited for.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

#: So many seconds a server may take to start.
_PATIENCE: Final = 60.0


def _uvicorn(shop: str, port: int) -> list[str]:
    return ["uvicorn", "--factory", f"benchmarks.served:{shop}", "--port", f"{port}", "--log-level=warning"]


def _werkzeug(shop: str, port: int) -> list[str]:
    return ["flask", "--app", f"benchmarks.served:{shop}", "run", "--port", f"{port}"]


#: The server of each shop, and where its schema is, from the folder of its example.
SHOPS: Final[dict[str, tuple[Callable[[str, int], list[str]], str | None]]] = {
    "bookshop": (_uvicorn, None),
    "corner_shop": (_werkzeug, "openapi.yaml"),
}


def main(arguments: Sequence[str]) -> None:
    """Serve and ask. Raises ``RuntimeError`` when the server does not start or schemathesis cannot ask."""
    shop, configuration, found = arguments
    server, schema = SHOPS[shop]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with _running([sys.executable, "-m", *server(shop, port)], port):
        asked = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", f"--config-file={configuration}", "run"),
                *(schema or f"{url}/openapi.json", f"--url={url}", "--mode=positive"),
                *("--report=json", f"--report-json-path={found}"),
            ],
            check=False,
        )
    if asked.returncode not in (0, 1):
        raise RuntimeError(f"st run ended with status {asked.returncode}")


@contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[None]:
    """Keep a server running that listens on *port*."""
    process = subprocess.Popen(command)
    try:
        give_up = time.monotonic() + _PATIENCE
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"{' '.join(command[1:])} does not listen")
            time.sleep(0.01)
        yield
    finally:
        process.terminate()  # no Ctrl-C: who runs in the background may have inherited that it is ignored
        process.wait(_PATIENCE)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    main(sys.argv[1:])
