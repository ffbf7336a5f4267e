"""How many cores the tests leave to the static scan."""

import os
import sys
from pathlib import Path
from typing import Final

#: Where Linux says how many microseconds of which period a container may use: version 2, then version 1.
_QUOTA: Final = "/sys/fs/cgroup/cpu.max"
_OLD_QUOTA: Final = ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us")


def spare_cores(tests: int) -> int:
    """Return how many cores are left when *tests* processes have one each; at least one."""
    return max(1, min(_usable(), _allowed()) - tests)


def _usable() -> int:
    """Return the cores on which this process may run."""
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _allowed() -> int:
    """Return the cores that the container may keep busy, rounded up; all of them without a quota."""
    for paths in (_QUOTA,), _OLD_QUOTA:
        words = [word for path in paths for word in _words(path)]
        if len(words) == 2 and all(map(str.isdigit, words)):  # not "max", and not -1
            return max(1, -(-int(words[0]) // int(words[1])))
    return os.cpu_count() or 1


def _words(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="ascii").split()
    except OSError:
        return []
