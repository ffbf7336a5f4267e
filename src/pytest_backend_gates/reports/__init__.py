"""How it is told: pure renderers, and the one writer.

A renderer turns a complete report into text. It decides nothing and touches no file.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from pytest_backend_gates.model import SessionReport
from pytest_backend_gates.reports import json_report


class Renderer(Protocol):
    """Writes a report, which may be ``incomplete`` yet, as a text."""

    def __call__(self, report: SessionReport, /) -> str:
        """Return *report* as text."""


#: What the writer makes a file of: a renderer, or one of ours, which may yield a long text in parts.
Rendering = Callable[[SessionReport], Iterable[str]]

#: The formats of ``--backend-gates-report FORMAT:PATH``.
RENDERERS: Final[Mapping[str, Rendering]] = {"json": json_report.render}
