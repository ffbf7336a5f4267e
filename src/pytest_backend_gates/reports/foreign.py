"""A renderer of another plugin: whatever it does wrong is a report that was not written, and nothing else."""

from typing import TYPE_CHECKING

from pytest_backend_gates.model import SessionReport

if TYPE_CHECKING:
    from pytest_backend_gates.reports import Renderer


class RenderError(Exception):
    """A renderer of another plugin did not return a text."""


class ForeignRenderer:
    """Has *render*, of *plugin*, write the format *name*. Raises :class:`RenderError` and nothing else."""

    def __init__(self, name: str, render: "Renderer", plugin: str) -> None:
        self._render = render
        self._who = f"{name}: the renderer of {plugin}"

    def __call__(self, report: SessionReport) -> str:
        try:
            text: object = self._render(report)
        except Exception as error:  # the boundary around another plugin: its fault takes no verdict away
            raise RenderError(f"{self._who} raised {type(error).__name__}: {error}") from error
        if not isinstance(text, str):
            raise RenderError(f"{self._who} returned an object of the type {type(text).__name__}, and no str")
        return text
