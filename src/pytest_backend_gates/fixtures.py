"""What the authors of tests see. Registered with and without ``--backend-gates``; off, it costs nothing."""

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from pytest_backend_gates.latency_budget import LatencyBudget

#: The application of this process, once it was imported.
_APPLICATION: Final = pytest.StashKey[object]()


@pytest.fixture(scope="session")
def backend_app(pytestconfig: pytest.Config) -> object:
    """Return the application under test: what ``backend_gates_app`` names.

    Override it in a conftest.py to give the contract gate an application on a database of its own, signed in,
    and so on; to override it is to consent that the gate also generates requests that write.
    """
    from pytest_backend_gates.probes.contract.app import AppError

    try:
        return application(pytestconfig)
    except AppError as error:
        pytest.fail(f"backend_app: {error}; {error.allowed}", pytrace=False)


@pytest.fixture
def latency_budget(pytestconfig: pytest.Config) -> "LatencyBudget":
    """Return a stopwatch: ``latency_budget("checkout", "p95 < 20ms")(client.post, "/checkout")``.

    It runs a callable, or the body of a ``for`` loop, in rounds of its own, and fails the test when the
    rounds refute the budget. Without ``--backend-gates`` it runs once and judges nothing.
    """
    from pytest_backend_gates.latency_budget import LatencyBudget

    return LatencyBudget(pytestconfig.pluginmanager.get_plugin("backend-gates-timing"))


def application(config: pytest.Config) -> object:
    """Return what ``backend_gates_app`` names; it is made once a process.

    Raises what importing or making it raises.
    """
    from pytest_backend_gates.contract_plan import app_of
    from pytest_backend_gates.probes.contract.app import AppError, resolve

    if _APPLICATION not in config.stash:
        reference = app_of(config)
        if reference is None:
            raise AppError(
                "no application is configured",
                "",
                "set backend_gates_app = package.module:attribute, or override the fixture in a conftest.py",
            )
        config.stash[_APPLICATION] = resolve(reference)
    return config.stash[_APPLICATION]
