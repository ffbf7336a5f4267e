"""Quality gates for Python backends, measured while their own tests run.

This is the table of contents: what is public is listed here and imported when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_backend_gates.analyzers import Analyzer as Analyzer
    from pytest_backend_gates.analyzers.source import SourceFile as SourceFile
    from pytest_backend_gates.latency_budget import LatencyBudget as LatencyBudget
    from pytest_backend_gates.measurements import Counter as Counter
    from pytest_backend_gates.measurements import Finding as Finding
    from pytest_backend_gates.measurements import Gauge as Gauge
    from pytest_backend_gates.measurements import Kind as Kind
    from pytest_backend_gates.measurements import Metric as Metric
    from pytest_backend_gates.measurements import Point as Point
    from pytest_backend_gates.measurements import Rate as Rate
    from pytest_backend_gates.measurements import Ratio as Ratio
    from pytest_backend_gates.measurements import Reading as Reading
    from pytest_backend_gates.measurements import Samples as Samples
    from pytest_backend_gates.measurements import Trend as Trend
    from pytest_backend_gates.model import Advice as Advice
    from pytest_backend_gates.model import GateReport as GateReport
    from pytest_backend_gates.model import Outcome as Outcome
    from pytest_backend_gates.model import SessionReport as SessionReport
    from pytest_backend_gates.model import Threshold as Threshold
    from pytest_backend_gates.model import Verdict as Verdict
    from pytest_backend_gates.probes import Probe as Probe
    from pytest_backend_gates.query_budget import QueryBudget as QueryBudget
    from pytest_backend_gates.query_budget import QueryBudgetError as QueryBudgetError
    from pytest_backend_gates.recorded import OwnMetrics as OwnMetrics
    from pytest_backend_gates.recorded import RecordError as RecordError
    from pytest_backend_gates.reports import Renderer as Renderer

_HOMES = {
    "analyzers": ("Analyzer",),
    "analyzers.source": ("SourceFile",),
    "latency_budget": ("LatencyBudget",),
    "measurements": (
        "Counter",
        "Finding",
        "Gauge",
        "Kind",
        "Metric",
        "Point",
        "Rate",
        "Ratio",
        "Reading",
        "Samples",
        "Trend",
    ),
    "model": ("Advice", "GateReport", "Outcome", "SessionReport", "Threshold", "Verdict"),
    "probes": ("Probe",),
    "query_budget": ("QueryBudget", "QueryBudgetError"),
    "recorded": ("OwnMetrics", "RecordError"),
    "reports": ("Renderer",),
}

__all__ = sorted(name for names in _HOMES.values() for name in names)  # noqa: PLE0605 - one list, not two


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
