"""What is measured in one session: the probes of this package, and the metrics that they declare."""

from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from pytest_backend_gates.analyzers import BUILT_IN, Analyzer, analyzer_named
from pytest_backend_gates.extensions import Extensions
from pytest_backend_gates.metrics import Catalogue
from pytest_backend_gates.probes import Probe
from pytest_backend_gates.probes.benchmarks import BenchmarksProbe
from pytest_backend_gates.probes.contract.probe import ContractProbe
from pytest_backend_gates.probes.contract.routes import sending_to
from pytest_backend_gates.probes.coverage import CoverageProbe
from pytest_backend_gates.probes.own import OwnProbe
from pytest_backend_gates.probes.pyramid import PyramidProbe
from pytest_backend_gates.probes.queries import QueriesProbe
from pytest_backend_gates.probes.static import StaticProbe
from pytest_backend_gates.probes.traffic import TrafficProbe
from pytest_backend_gates.settings import Settings

#: What declares metrics, of this package. What the project and other plugins add joins these in each session.
DECLARING: Final = (
    CoverageProbe,
    *BUILT_IN,
    ContractProbe,
    TrafficProbe,
    BenchmarksProbe,
    QueriesProbe,
    PyramidProbe,
)
CATALOGUE: Final = Catalogue.of(
    (metric for one in DECLARING for metric in one.metrics),
    {name: subject for one in DECLARING for name, subject in getattr(one, "sets", {}).items()},
)
#: The names of probes, which no probe of another plugin may have.
PROBES: Final = (*(one.name for one in DECLARING), StaticProbe.name, OwnProbe.name)


class Measuring(NamedTuple):
    """The probes of this package, in one session."""

    coverage: CoverageProbe
    static: StaticProbe
    contract: ContractProbe
    traffic: TrafficProbe
    benchmarks: BenchmarksProbe
    queries: QueriesProbe
    own: OwnProbe
    pyramid: PyramidProbe

    @classmethod
    def of(
        cls, config: pytest.Config, settings: Settings, coverage: CoverageProbe, extensions: Extensions
    ) -> "Measuring":
        """Make all of them but the *coverage*, which has begun."""
        traffic = TrafficProbe(sending_to(settings.contract))
        return cls(
            coverage,
            _static_probe(config, settings, extensions),
            ContractProbe(),
            traffic,
            BenchmarksProbe(lambda: getattr(config, "_benchmarksession", None)),
            QueriesProbe(traffic.recorder, config.rootpath),
            OwnProbe([one.metric for one in settings.own]),
            PyramidProbe(),
        )


def _static_probe(config: pytest.Config, settings: Settings, extensions: Extensions) -> StaticProbe:
    every = [*(analyzer.name for analyzer in BUILT_IN), *extensions.analyzers]
    return StaticProbe(
        settings.source.rootdir,
        settings.source.files,
        analyzers=[name for name in every if wanted_by(settings, analyzer_named(name))],
        tests=_test_processes(config),
        cache=partial(_kept_between_sessions, config),
    )


def _kept_between_sessions(config: pytest.Config) -> Path | None:
    """Return our folder in pytest's cache: none without a cache, or where it cannot be made."""
    cache: pytest.Cache | None = getattr(config, "cache", None)
    try:
        return cache.mkdir("backend-gates") if cache is not None else None
    except OSError:
        return None


def _test_processes(config: pytest.Config) -> int:
    """Return how many processes run tests: one, or xdist's workers, named as ``3*popen``."""
    if not distributes(config):
        return 1
    times = (spec.partition("*")[0] for spec in config.getoption("tx"))
    return sum(int(count) if count.isdigit() else 1 for count in times)


def distributes(config: pytest.Config) -> bool:
    """Whether this is xdist's controller. As xdist decides it: ``--dist`` alone distributes nothing."""
    return config.getoption("dist", "no") != "no" and bool(config.getoption("tx", None))


def wanted_by(settings: Settings, probe: Probe | Analyzer) -> bool:
    """Whether any gate is to be judged that *probe* measures for."""
    return any(settings.wants(metric.gate) for metric in probe.metrics)
