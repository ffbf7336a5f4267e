"""Runs a command and writes down what it cost: ``python -I -S launching.py TOLD COMMAND ...``.

In a process of its own, which imports next to nothing: Linux never tells less memory of a child than its parent had
when it began it. Works on POSIX only.
"""

import json
import os
import sys
import time
from pathlib import Path


def main(told: str, words: list[str]) -> None:
    """Run *words*; write to the file *told* the exit status and the cost, or why it could not be started."""
    start = time.perf_counter()
    try:
        process = os.posix_spawnp(words[0], words, os.environ)
    except OSError as error:
        Path(told).write_text(json.dumps({"error": error.strerror}), encoding="utf-8")
        return
    _, status, usage = os.wait4(process, 0)
    cost = {
        "wall": time.perf_counter() - start,
        "cpu": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss,
    }
    found = {"status": os.waitstatus_to_exitcode(status), "cost": cost}
    Path(told).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
