"""The clocks, held where freezegun and its like do not find them: they replace what modules hold."""

from time import monotonic, perf_counter
from typing import Final


class Clock:
    """Real time, whatever a test does to it. Both are in seconds."""

    monotonic: Final = staticmethod(monotonic)
    perf_counter: Final = staticmethod(perf_counter)
