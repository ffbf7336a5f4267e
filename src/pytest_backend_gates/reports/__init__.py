"""How it is told: pure renderers, and the one writer.

A renderer turns a complete report into text. It decides nothing and touches no file.
"""

from collections.abc import Callable, Mapping
from typing import Final

from pytest_backend_gates.model import SessionReport
from pytest_backend_gates.reports import json_report

Renderer = Callable[[SessionReport], str]

#: The formats of ``--backend-gates-report FORMAT:PATH``.
RENDERERS: Final[Mapping[str, Renderer]] = {"json": json_report.render}
