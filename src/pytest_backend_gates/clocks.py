"""The clocks, held where freezegun and its like do not find them: they replace what modules hold."""

from time import monotonic, perf_counter, perf_counter_ns
from typing import Final


class Clock:
    """Real time, whatever a test does to it: in seconds, or in nanoseconds where the name says so."""

    monotonic: Final = staticmethod(monotonic)
    perf_counter: Final = staticmethod(perf_counter)
    perf_counter_ns: Final = staticmethod(perf_counter_ns)
