"""How other plugins, and conftest files, add what is measured and how it is told.

The hooks are called once in every process, when pytest is configured, and only with ``--backend-gates``:
of conftest files, those that pytest reads before it collects have a say. What an implementation adds is
looked at before the first test; a mistake in it is a usage error (exit status 4) that names the plugin.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_backend_gates.probes import Probe
    from pytest_backend_gates.reports import Renderer


@pytest.hookspec
def pytest_backend_gates_probes(config: pytest.Config) -> "Sequence[Probe]":  # type: ignore[empty-body]
    """Return probes: what is measured over the session.

    Their metrics join the catalogue, so thresholds name them, and their gates those of
    ``--backend-gates-only``. A probe whose gate has no threshold is not started. One that raises later is an
    ERROR of its gates. One may fill sets of subjects for thresholds to name: it declares ``sets``, each
    name with what the members are (``{"crud": "operation"}``), and its readings hold the members.
    """


@pytest.hookspec
def pytest_backend_gates_analyzers(config: pytest.Config) -> "Sequence[str]":  # type: ignore[empty-body]
    """Return analyzers: what is measured per source file, in the process of the static scan.

    Each is a reference, ``package.module:Class``, because that process imports it again. A conftest file
    cannot be imported there; a module beside it can, where ``pythonpath`` or the installation says so.
    """


@pytest.hookspec
def pytest_backend_gates_renderers(config: pytest.Config) -> "Mapping[str, Renderer]":  # type: ignore[empty-body]
    """Return renderers by the name of their format: ``--backend-gates-report FORMAT:PATH``.

    A renderer gets the whole report and returns a text. The text is written by us, first when the session
    begins (the report says ``incomplete`` then) and again when it ends.
    """
