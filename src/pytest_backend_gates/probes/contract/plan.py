"""What is to be exercised, and how: the settings of the contract gate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_backend_gates.probes.contract.server import Server


@dataclass(frozen=True, slots=True)
class Plan:
    """The settings of the contract gate, as far as they can be checked without importing the project."""

    rootdir: Path
    #: The folder of tests that the items hang on, where it was set.
    folder: Path | None = None
    #: ``package.module:attribute``.
    app: str | None = None
    schema: Path | None = None
    #: Whether operations that change something may be generated.
    writes: bool = False
    #: Checks besides the default ones.
    checks: tuple[str, ...] = ()
    #: Fixtures that every item uses.
    usefixtures: tuple[str, ...] = ()
    #: The text of a setting -> its key and the place where it was written.
    places: Mapping[str, str] = field(default_factory=dict)
    #: The server at ``backend_gates_base_url``; generated requests are sent to it where there is no application.
    server: Server | None = None

    def place(self, text: str) -> str:
        """Return ``key (file:line)`` of the setting *text*."""
        return self.places.get(text, "backend_gates_app")
