"""WHO: the side that collects and the side that judges, decided once when pytest is configured.

A single process is both. With xdist every worker collects and the controller judges.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pytest

from pytest_backend_gates.collecting import Collecting, Observing, WorkerCollecting
from pytest_backend_gates.errors import ConfigurationError
from pytest_backend_gates.evaluation import Probes
from pytest_backend_gates.explain import Explaining
from pytest_backend_gates.invocation import anchor, narrowed_early, narrowed_finally, without_anchor
from pytest_backend_gates.judging import Judging
from pytest_backend_gates.last_word import LAST_WORD, LastWord
from pytest_backend_gates.metrics import Catalogue
from pytest_backend_gates.narrowing import why_not_run, why_not_traced
from pytest_backend_gates.probes import Probe
from pytest_backend_gates.probes.benchmarks import BenchmarksProbe
from pytest_backend_gates.probes.contract.probe import ContractProbe
from pytest_backend_gates.probes.coverage import CoverageProbe
from pytest_backend_gates.probes.static import StaticProbe
from pytest_backend_gates.probes.traffic import TrafficProbe
from pytest_backend_gates.settings import Settings, read, source_of
from pytest_backend_gates.timing import Timing

CATALOGUE: Final = Catalogue.of(
    metric
    for probe in (CoverageProbe, StaticProbe, ContractProbe, TrafficProbe, BenchmarksProbe)
    for metric in probe.metrics
)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What was started before the first conftest file was imported."""

    parser: pytest.Parser
    coverage: CoverageProbe
    running: Probes
    narrowed: str | None


BEGINNING: Final = pytest.StashKey[Beginning]()


def begin(config: pytest.Config, parser: pytest.Parser) -> LastWord:
    """Start to measure coverage: conftest files and what they import must be seen.

    From now on the session has a last word on its exit status, which is returned.
    """
    known = config.known_args_namespace
    narrowed = narrowed_early(config, parser)
    source = source_of(config)
    coverage = CoverageProbe(
        config.rootpath,
        source.roots if source else (),
        source.files if source else (),
        obstacle=why_not_traced(known) or narrowed,
        adopted=(lambda: _measured_by_pytest_cov(config)) if getattr(known, "cov_source", None) else None,
    )
    running = Probes()
    config.add_cleanup(running.stop)
    config.stash[LAST_WORD] = last_word = LastWord(config)
    config.stash[BEGINNING] = Beginning(parser, coverage, running, narrowed)
    if why_not_run(known) is None:
        running.start(coverage)
    return last_word


def configure(config: pytest.Config) -> None:
    """Read the settings, decide who this process is, and register that.

    Raises ``pytest.UsageError`` with every mistake in the configuration.
    """
    if config.getoption("help") or config.getoption("version"):
        return  # no session follows
    beginning = config.stash.get(BEGINNING, None)
    if beginning is None:
        raise pytest.UsageError(
            "--backend-gates: the plugin was loaded too late to measure coverage; install it, or load it with"
            " -p pytest_backend_gates.plugin"
        )
    try:
        settings = read(config, CATALOGUE)
    except ConfigurationError as error:
        raise pytest.UsageError(str(error)) from None
    narrowed = beginning.narrowed or narrowed_finally(config, beginning.parser)
    for name, side in _sides(config, settings, narrowed, beginning).items():
        if config.pluginmanager.register(side, f"backend-gates-{name}") is None:
            raise pytest.UsageError(
                f"-p no:backend-gates-{name}: a part of the gates cannot be blocked;"
                " leave --backend-gates out, or give --no-backend-gates"
            )


def _sides(
    config: pytest.Config, settings: Settings, narrowed: str | None, beginning: Beginning
) -> dict[str, object]:
    """Return what to register in this process: who it is."""
    if config.getoption("backend_gates_explain"):
        return {"explaining": Explaining(config, settings, narrowed)}
    running, traffic, static = beginning.running, TrafficProbe(), _static_probe(settings)
    benchmarks = BenchmarksProbe(lambda: getattr(config, "_benchmarksession", None))
    contract = ContractProbe()
    known = (beginning.coverage, static, contract, traffic, benchmarks)
    wanted = [probe for probe in known if _wanted(probe, settings)]
    if beginning.coverage not in wanted:
        running.stop()
    observing: dict[str, object] = {}
    if traffic in wanted:
        timing = Timing(benchmarks, beginning.coverage, traffic, strict=settings.strict)
        observing = {"observing": Observing(running, traffic), "timing": timing}
    observing |= _contract_sides(config, settings, beginning, contract, traffic)
    if hasattr(config, "workerinput"):
        here = _only(wanted, contract, traffic, benchmarks)
        return {"collecting": WorkerCollecting(running, here), **observing}
    if why_not_run(config.option) is not None:
        here = []
    elif _distributes(config):
        here, observing = _only(wanted, static), {}  # the workers run the tests
    else:
        here = _only(wanted, static, contract, traffic, benchmarks)
    collecting = Collecting(running, here)
    return {
        "collecting": collecting,
        "judging": Judging(config, settings, narrowed, collecting, wanted),
        **observing,
    }


def _contract_sides(
    config: pytest.Config,
    settings: Settings,
    beginning: Beginning,
    contract: ContractProbe,
    traffic: TrafficProbe,
) -> dict[str, object]:
    """Return what collects and runs the contract's tests; what there is to collect, *contract* is told."""
    plan = settings.contract
    if not settings.wants("contract"):
        return {}
    if plan.app is None and plan.schema is None:
        contract.unavailable("no API schema configured", "set backend_gates_app = package.module:attribute")
        return {}
    folder = plan.folder or anchor(config, beginning.parser)
    if not hasattr(config, "workerinput"):  # the place that judges knows the command line
        left_out = without_anchor(config, beginning.parser, folder)
        if left_out:
            contract.unavailable(f"{left_out}, without the contract's tests in {folder.name}")
    from pytest_backend_gates.apart import Apart
    from pytest_backend_gates.probes.contract.items import Anchor, Items

    around = Apart(config, settings, beginning.running, contract, (beginning.coverage, traffic))
    return {"contract-folder": Anchor(folder), "contract-items": Items(plan, folder, contract, around)}


def _static_probe(settings: Settings) -> StaticProbe:
    gates = [gate for gate in ("complexity", "security") if settings.wants(gate)]
    return StaticProbe(settings.source.rootdir, settings.source.files, analyzers=gates)


def _distributes(config: pytest.Config) -> bool:
    """Whether this is xdist's controller. As xdist decides it: ``--dist`` alone distributes nothing."""
    return config.getoption("dist", "no") != "no" and bool(config.getoption("tx", None))


def _wanted(probe: Probe, settings: Settings) -> bool:
    return any(settings.wants(metric.gate) for metric in probe.metrics)


def _only(wanted: Sequence[Probe], *probes: Probe) -> list[Probe]:
    return [probe for probe in wanted if probe in probes]


def _measured_by_pytest_cov(config: pytest.Config) -> object | None:
    """Return the ``coverage.Coverage`` of a running pytest-cov; final once its test loop wrapper is done."""
    plugin = config.pluginmanager.get_plugin("_cov")
    return getattr(getattr(plugin, "cov_controller", None), "cov", None)
