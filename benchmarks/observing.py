"""What it costs to be observed, as a program: ``python -m benchmarks.observing APPLICATION OBSERVER FOUND``.

Asks a small application in short stretches, by turns with the observer and without, and writes to FOUND what one
request (or one statement, where the application runs some) costs more with it. The cheapest stretches of both are
compared: whatever else the machine does makes a stretch dearer and none cheaper.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.applications import APPLICATIONS, Application
from benchmarks.figures import peak_memory
from benchmarks.observers import OBSERVERS, Observer

_TURNS: Final = 60
#: Requests, or statements, in a stretch.
_STRETCH: Final = 500


class Stretches:
    """An application that is asked *length* requests, or as many as run that many statements, at a time."""

    def __init__(self, application: Application, length: int) -> None:
        self._application = application
        self._requests = max(1, length // max(1, application.statements))
        self._length = self._requests * max(1, application.statements)
        #: How often it has answered with which status.
        self.answered: Counter[int] = Counter()

    def cost(self, observer: Observer) -> tuple[float, float]:
        """Return what each cost in one stretch, in seconds: wall and CPU. Raises ``RuntimeError`` for one not seen."""
        app = observer.start()
        wall, cpu = time.perf_counter(), time.process_time()
        self.answered += self._application.ask(app, self._requests)
        observer.settle()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        seen = observer.stop()
        if seen is not None and not self._are_all(*seen):
            raise RuntimeError(f"{seen} of {self._requests} requests and their statements were observed")
        return wall / self._length, cpu / self._length

    def _are_all(self, requests: int, statements: int) -> bool:
        a_request = self._application.statements
        # The times of the statements of our cold request are not kept.
        return requests == self._requests and statements in (
            requests * a_request,
            (requests - 1) * a_request,
        )


def main(arguments: Sequence[str], turns: int = _TURNS, length: int = _STRETCH) -> None:
    """Ask, and write down what it costs to be observed."""
    application = APPLICATIONS[arguments[0]]()
    observers = [make(application) for make in OBSERVERS[arguments[1]]]
    stretches = Stretches(application, length)
    for observer in observers:
        stretches.cost(observer)  # imports, caches
    costs = [[stretches.cost(observer) for observer in observers] for _ in range(turns)]
    (wall, cpu), (bare_wall, bare_cpu) = (
        tuple(map(min, zip(*side, strict=True))) for side in zip(*costs, strict=True)
    )
    told = {"wall": wall - bare_wall, "cpu": cpu - bare_cpu, "memory": peak_memory()}
    told |= {"answered": stretches.answered}
    Path(arguments[2]).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
