"""WHO: the side that collects and the side that judges, decided once when pytest is configured.

A single process is both. With xdist every worker collects and the controller judges.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pytest

from pytest_backend_gates.collecting import (
    Collecting,
    Counting,
    Holding,
    Interrupted,
    Observing,
    WorkerCollecting,
)
from pytest_backend_gates.errors import ConfigurationError
from pytest_backend_gates.evaluation import Probes
from pytest_backend_gates.extensions import Extensions, added
from pytest_backend_gates.gate_tests import GateTests
from pytest_backend_gates.invocation import anchor, narrowed_early, narrowed_finally, without_anchor
from pytest_backend_gates.judging import Judging
from pytest_backend_gates.last_word import LAST_WORD, LastWord
from pytest_backend_gates.measuring import CATALOGUE, PROBES, Measuring, distributes, wanted_by
from pytest_backend_gates.narrowing import why_not_run, why_not_traced
from pytest_backend_gates.probes import Probe
from pytest_backend_gates.probes.contract.probe import ContractProbe
from pytest_backend_gates.probes.coverage import CoverageProbe
from pytest_backend_gates.probes.traffic import TrafficProbe
from pytest_backend_gates.settings import Settings, is_left_out, read, source_of
from pytest_backend_gates.timing import Timing


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
    if why_not_run(known) is None and not is_left_out("coverage", known):
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
        extensions = added(config, CATALOGUE, PROBES)
        settings = read(config, extensions.catalogue, extensions.renderers)
    except ConfigurationError as error:
        raise pytest.UsageError(str(error)) from None
    narrowed = beginning.narrowed or narrowed_finally(config, beginning.parser)
    for name, side in _sides(config, settings, narrowed, beginning, extensions).items():
        if config.pluginmanager.register(side, f"backend-gates-{name}") is None:
            raise pytest.UsageError(
                f"-p no:backend-gates-{name}: a part of the gates cannot be blocked;"
                " leave --backend-gates out, or give --no-backend-gates"
            )


def _sides(
    config: pytest.Config,
    settings: Settings,
    narrowed: str | None,
    beginning: Beginning,
    extensions: Extensions,
) -> dict[str, object]:
    """Return what to register in this process: who it is."""
    if config.getoption("backend_gates_explain"):
        from pytest_backend_gates.explain import Explaining

        return {"explaining": Explaining(config, settings, narrowed)}
    running, coverage = beginning.running, beginning.coverage
    ours = Measuring.of(config, settings, coverage, extensions)
    known: list[Probe] = [*ours, *extensions.probes]
    wanted = [probe for probe in known if wanted_by(settings, probe)]
    if coverage not in wanted:
        running.stop()
    observing = _watching(config, running, settings, ours)
    observing["interrupted"] = Interrupted(coverage)
    observing |= _contract_sides(config, settings, beginning, ours.contract, ours.traffic)
    role = _role(config)
    here = _measuring(role, _started(ours, wanted))
    if role == "worker":
        return {"collecting": WorkerCollecting(running, here), **observing}
    collecting = Collecting(running, here)
    judging = {"collecting": collecting, "judging": Judging(config, settings, narrowed, collecting, wanted)}
    return judging if role == "controller" else {**judging, **observing}


def _started(ours: Measuring, wanted: Sequence[Probe]) -> list[Probe]:
    """Return the probes to start for those that are *wanted*: the contract and the queries live on what the taps see."""
    tapped = {ours.traffic, ours.contract, ours.queries} & {*wanted}
    others = [probe for probe in wanted if probe not in (ours.coverage, ours.traffic)]  # coverage has begun
    return [ours.traffic, *others] if tapped else others


def _watching(
    config: pytest.Config, running: Probes, settings: Settings, ours: Measuring
) -> dict[str, object]:
    """Return what watches the tests on behalf of those probes that are wanted."""
    queries = ours.queries if wanted_by(settings, ours.queries) else None
    tell = GateTests(config).tell
    timing = Timing(ours.benchmarks, ours.coverage, ours.traffic, tell, strict=settings.strict)
    watching: list[tuple[tuple[Probe, ...], dict[str, object]]] = [
        (
            (ours.traffic, ours.contract, ours.queries),
            {"observing": Observing(running, ours.traffic, queries)},
        ),
        ((ours.benchmarks,), {"timing": timing}),
        ((ours.own,), {"own": ours.own}),
        ((ours.pyramid,), {"counting": Counting(running, ours.pyramid, settings.suite)}),
    ]
    wanted = [sides for probes, sides in watching if any(wanted_by(settings, probe) for probe in probes)]
    return {name: side for sides in wanted for name, side in sides.items()}


def _role(config: pytest.Config) -> str:
    """Say which part of a session this process is. xdist's controller runs no test itself."""
    if hasattr(config, "workerinput"):
        return "worker"
    if why_not_run(config.option) is not None:
        return "idle"
    return "controller" if distributes(config) else "alone"


def _measuring(role: str, probes: Sequence[Probe]) -> list[Probe]:
    """Return those of *probes* that measure in a process of this *role*."""
    scopes = {"worker": ("process",), "controller": ("session",), "alone": ("process", "session")}
    return [probe for probe in probes if probe.scope in scopes.get(role, ())]


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
    from pytest_backend_gates.probes.contract.observed import observed_contract

    observed = observed_contract(plan, traffic.faults)
    contract.observe(observed)
    traffic.listen(observed.hear)
    holding: dict[str, object] = {
        "holding": Holding(beginning.running, contract, observed, beginning.coverage)
    }
    if plan.app is None and plan.schema is None and plan.server is None:
        contract.not_generating(
            "no API schema configured", "set backend_gates_app = package.module:attribute"
        )
        return holding
    place = plan.folder or anchor(config, beginning.parser)
    folder = place.parent if place.is_file() else place
    if not hasattr(config, "workerinput"):  # the place that judges knows the command line
        left_out = without_anchor(config, beginning.parser, place)
        if left_out:
            contract.unavailable(f"{left_out}, without the contract's tests in {folder.name}")
    from pytest_backend_gates.apart import Apart
    from pytest_backend_gates.probes.contract.ending import is_ours
    from pytest_backend_gates.probes.contract.items import Anchor, Items
    from pytest_backend_gates.probes.contract.printed import Printed

    around = Apart(config, settings, beginning.running, contract, (beginning.coverage, traffic))
    items = Items(plan, folder, contract, around)
    return {
        "contract-folder": Anchor(place),
        "contract-items": items,
        "contract-endings": items.endings,
        "contract-printed": Printed(is_ours, lambda: items.endings.api),
        **holding,
    }


def _measured_by_pytest_cov(config: pytest.Config) -> object | None:
    """Return the ``coverage.Coverage`` of a running pytest-cov; final once its test loop wrapper is done."""
    plugin = config.pluginmanager.get_plugin("_cov")
    return getattr(getattr(plugin, "cov_controller", None), "cov", None)
