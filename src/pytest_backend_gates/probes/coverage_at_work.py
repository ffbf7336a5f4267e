"""What of coverage.py is at work here: which of its cores measures this thread, and by what."""

import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from coverage.collector import Collector

#: How many tools ``sys.monitoring`` has room for.
_TOOLS: Final = 6


def core_at_work() -> str | None:
    """Return the core of coverage.py that is measuring this thread now; a debugger's trace function is none."""
    if monitoring_tool() is not None:
        return "sysmon"
    tracer = tracer_of(sys.gettrace())
    if tracer is None:
        return None
    return "ctrace" if type(tracer).__name__ == "CTracer" else "pytrace"


def monitoring_tool() -> int | None:
    """Return the number under which coverage.py uses ``sys.monitoring``; ``None`` if it does not."""
    monitoring: Any = getattr(sys, "monitoring", None)
    if monitoring is None:
        return None
    return next((tool for tool in range(_TOOLS) if monitoring.get_tool(tool) == "coverage.py"), None)


def tracer_of(function: object) -> Any | None:  # noqa: ANN401 - one class for each core
    """Return the tracer of coverage.py that *function* belongs to; ``None`` if it is no tracer of its."""
    tracer = getattr(function, "__self__", function)
    return tracer if type(tracer).__module__.partition(".")[0] == "coverage" else None


def collector_at_work() -> "Collector | None":
    """Return the collector that is measuring this process."""
    module = sys.modules.get("coverage.collector")
    active: list[Collector] = module.Collector._collectors if module else []  # noqa: SLF001 - there is no other way
    return active[-1] if active else None
