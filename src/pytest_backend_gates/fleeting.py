"""Threads that begin and end within a pause of the coverage measurement: nothing that they run ever counts.

Whoever measures need not trace them. A thread that may live on, as one of a pool, is none.
"""

import threading
from typing import Final
from weakref import WeakSet

FLEETING: Final[WeakSet[threading.Thread]] = WeakSet()
