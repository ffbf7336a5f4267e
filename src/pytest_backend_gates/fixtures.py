"""What the authors of tests see. Registered with and without ``--backend-gates``; off, it costs nothing."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_backend_gates.latency_budget import LatencyBudget


@pytest.fixture
def latency_budget(pytestconfig: pytest.Config) -> "LatencyBudget":
    """Return a stopwatch: ``latency_budget("checkout", "p95 < 20ms")(client.post, "/checkout")``.

    It runs a callable, or the body of a ``for`` loop, in rounds of its own, and fails the test when the
    rounds refute the budget. Without ``--backend-gates`` it runs once and judges nothing.
    """
    from pytest_backend_gates.latency_budget import LatencyBudget

    return LatencyBudget(pytestconfig.pluginmanager.get_plugin("backend-gates-timing"))
