"""How often the latency gate is red by chance: ``python -m benchmarks.flakes [--repetitions N] [--busy N]``.

A real application is asked through the real tap while other processes keep the cores busy, and the judge gives its
verdict; as often as *repetitions* says. How long a request takes of its own is drawn at random, so its true 95th
percentile is known: but for what the others on the machine add. The first request of an operation is cold and no
sample, and is asked besides.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from math import log
from pathlib import Path
from statistics import NormalDist, median
from time import sleep as _sleep
from typing import TYPE_CHECKING, Final

from benchmarks.applications import scope_of
from pytest_backend_gates.judge import Judge
from pytest_backend_gates.measuring import CATALOGUE
from pytest_backend_gates.model import Origin, Threshold, Verdict
from pytest_backend_gates.probes.traffic import TrafficProbe
from pytest_backend_gates.threshold import parse

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import Message

RESULTS: Final = Path(__file__).with_name("FLAKES.md")
_REPETITIONS: Final = 200
#: Keeps a core busy for as long as its parent lives.
_SPIN: Final = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: sum(range(100_000))"
#: That of ``latency.p95``, by default, in milliseconds.
_LIMIT: Final = 100
#: Operations mounted in one place.
_PART: Final = 20
_SIGMA: Final = 0.3
_P95: Final = NormalDist().inv_cdf(0.95)


@dataclass(frozen=True, slots=True)
class Experiment:
    """Operations that are asked *samples* times each; *draw* says how many seconds a request takes of its own."""

    name: str
    operations: int
    samples: int
    draw: Callable[[random.Random], float]
    #: Threads that ask at once: what sleeps does not disturb the others.
    clients: int
    #: The smallest and the largest share of red runs that are as they should be.
    expected: tuple[float, float]


def _log_normal(share: float) -> Callable[[random.Random], float]:
    """Return what draws durations whose true 95th percentile is *share* of the limit."""
    middle = log(share * _LIMIT / 1000) - _SIGMA * _P95
    return lambda dice: dice.lognormvariate(middle, _SIGMA)


def _seldom_slow(share: float) -> Callable[[random.Random], float]:
    """Return what draws durations of which *share* are over the limit, and the others are nothing."""
    return lambda dice: 1.2 * _LIMIT / 1000 if dice.random() < share else 0.0


EXPERIMENTS: Final = (
    Experiment("true p95 at 80 % of the limit", 1, 400, _log_normal(0.8), 32, (0, 0)),
    Experiment("true p95 at 130 % of the limit", 1, 400, _log_normal(1.3), 32, (1, 1)),
    Experiment("2 % of the samples over the limit", 300, 6, _seldom_slow(0.02), 8, (0, 0.05)),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of all repetitions of an experiment."""

    experiment: Experiment
    red: int
    #: Of each run.
    shares_over: tuple[float, ...]

    @property
    def is_expected(self) -> bool:
        """Whether there were neither too many red runs nor too few."""
        least, most = self.experiment.expected
        return least <= self.red / len(self.shares_over) <= most

    def row(self) -> str:
        """Return the line of the table."""
        one, runs, shares = self.experiment, len(self.shares_over), self.shares_over
        least, most = one.expected
        expected = f"{least:.0%}" if least == most else f"at most {most:.0%}"
        over = f"{median(shares):.2%} ({min(shares):.2%} to {max(shares):.2%})"
        verdict = "as expected" if self.is_expected else "NOT AS EXPECTED"
        red = f"{self.red} of {runs} ({self.red / runs:.1%})"
        return f"| {one.name} | {one.operations} x {one.samples} | {over} | {red} | {expected} | {verdict} |"


def repeated(experiment: Experiment, repetitions: int) -> Outcome:
    """Run *experiment* so often, each time with durations of its own."""
    verdicts = [run(experiment, seed) for seed in range(repetitions)]
    return Outcome(
        experiment, sum(verdict.red for verdict, _ in verdicts), tuple(share for _, share in verdicts)
    )


def run(experiment: Experiment, seed: int) -> tuple[Verdict, float]:
    """Return the verdict on one run, and the share of the samples that were over the limit."""
    probe = TrafficProbe()
    app = _application(experiment, random.Random(seed))  # noqa: S311  durations, no secrets
    probe.start()
    try:
        probe.open_window()
        paths = deque(
            _path(number) for _ in range(1 + experiment.samples) for number in range(experiment.operations)
        )
        with ThreadPoolExecutor(experiment.clients) as clients:
            asking = [clients.submit(asyncio.run, _ask(app, paths)) for _ in range(experiment.clients)]
            for client in asking:
                client.result()
        reading = probe.reduce([probe.collect(None, lambda _: None)], None)["latency"]
    finally:
        probe.stop()
    threshold = parse(f"latency.p95 < {_LIMIT}ms", CATALOGUE, {}, Origin("ini"))
    if not isinstance(threshold, Threshold):
        raise TypeError(threshold)
    (verdict,) = Judge((threshold,), CATALOGUE).verdicts({"latency": reading})
    subjects = getattr(reading.measurement, "subjects", {})
    samples = [sample for one in subjects.values() for sample in one.ordered()]
    if len(samples) != experiment.operations * experiment.samples:
        raise RuntimeError(f"{experiment.name}: {len(samples)} samples")
    return verdict, sum(sample >= _LIMIT * 1_000_000 for sample in samples) / len(samples)


def _application(experiment: Experiment, dice: random.Random) -> "Starlette":
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route

    async def answer(_: Request) -> PlainTextResponse:
        _sleep(experiment.draw(dice))  # noqa: ASYNC251  each client has a loop of its own
        return PlainTextResponse("done")

    # In parts: each request looks for its route among all those before it.
    parts = range(-(-experiment.operations // _PART))
    routes = [Route(f"/{number}", answer) for number in range(_PART)]
    return Starlette(routes=[Mount(f"/parts/{part}", routes=routes) for part in parts])


def _path(number: int) -> str:
    part, place = divmod(number, _PART)
    return f"/parts/{part}/{place}"


async def _ask(app: "Starlette", paths: deque[str]) -> None:
    async def receive() -> "Message":
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: "Message") -> None:
        if message.get("status", 200) != 200:
            raise RuntimeError(message["status"])

    while paths:
        await app(scope_of(paths.popleft()), receive, send)


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Keep so many cores busy."""
    spinning = [subprocess.Popen([sys.executable, "-c", _SPIN]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in spinning:
            process.terminate()
            process.wait()


def document(outcomes: Sequence[Outcome], processes: int) -> str:
    """Return the table as Markdown."""
    return "\n".join(
        [
            "# How often the latency gate is red by chance",
            "",
            f"Written by `python -m benchmarks.flakes`, while {processes} processes kept the cores busy. Durations of the",
            f"first two are log-normal with sigma {_SIGMA}; the limit is {_LIMIT} ms. Medians over the runs, in brackets",
            "the extremes.",
            "",
            "| experiment | operations x samples | samples over the limit | red runs | expected | |",
            "|---|---|---|---|---|---|",
            *(outcome.row() for outcome in outcomes),
            "",
        ]
    )


def main(arguments: Sequence[str]) -> int:
    """Return the exit status: 1 when an experiment did not end as expected."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flakes", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=_REPETITIONS)
    parser.add_argument("--busy", type=int, default=os.cpu_count() or 1, help="processes that spin meanwhile")
    options = parser.parse_args(arguments)
    with busy(options.busy):
        outcomes = [repeated(experiment, options.repetitions) for experiment in EXPERIMENTS]
    text = document(outcomes, options.busy)
    print(text)
    if options.repetitions == _REPETITIONS:
        RESULTS.write_text(text, encoding="utf-8")
    return int(not all(outcome.is_expected for outcome in outcomes))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
