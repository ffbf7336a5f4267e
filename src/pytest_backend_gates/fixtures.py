"""What the authors of tests see. Registered with and without ``--backend-gates``; off, it costs nothing."""

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_backend_gates.latency_budget import LatencyBudget
    from pytest_backend_gates.own_metrics import OwnMetric
    from pytest_backend_gates.query_budget import QueryBudget
    from pytest_backend_gates.recorded import OwnMetrics

#: The application of this process, once it was imported.
_APPLICATION: Final = pytest.StashKey[object]()
#: The metrics that the project declares, once they were read.
_DECLARED: Final = pytest.StashKey["dict[str, OwnMetric]"]()


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
def backend_client(backend_app: object) -> "Iterator[object]":
    """Return the test client of the framework that ``backend_app`` is made with, its lifespan running.

    That of Starlette for Starlette and FastAPI, of Flask, of Django, of Litestar.
    """
    from pytest_backend_gates.clients import NoClientError, client_of

    try:
        opening = client_of(backend_app)
    except NoClientError as error:
        pytest.fail(f"backend_client: {error}", pytrace=False)
    with opening as client:
        yield client


@pytest.fixture
def latency_budget(pytestconfig: pytest.Config) -> "LatencyBudget":
    """Return a stopwatch: ``latency_budget("checkout", "p95 < 20ms")(client.post, "/checkout")``.

    It runs a callable, or the body of a ``for`` loop, in rounds of its own, and fails the test when the
    rounds refute the budget. A budget that is kept stands in for the default threshold of ``latency``; what the
    project wrote judges the rounds too. Without ``--backend-gates`` it runs once and judges nothing.
    """
    from pytest_backend_gates.latency_budget import LatencyBudget

    return LatencyBudget(pytestconfig.pluginmanager.get_plugin("backend-gates-timing"))


@pytest.fixture
def query_budget(pytestconfig: pytest.Config) -> "Iterator[QueryBudget]":
    """Limit the database statements of a block.

    ``with query_budget(max=3):`` fails the test, always, also without ``--backend-gates``, when SQLAlchemy or
    Django's ORM sends more than three inside: with the statements, without their parameters, and their lines.
    """
    from pytest_backend_gates.query_budget import QueryBudget

    budget = QueryBudget(pytestconfig.rootpath)
    yield budget
    budget.check()


@pytest.fixture
def backend_gates(request: pytest.FixtureRequest) -> "OwnMetrics":
    """Record a metric of the project's own: ``backend_gates.record("cache.hits", hit)``.

    What there is to record is declared in ``backend_gates_metrics``, ``cache.hits: rate``, and judged by
    thresholds. Without ``--backend-gates`` nothing is kept, and what is not declared is as much of a mistake.
    """
    from pytest_backend_gates.recorded import OwnMetrics

    keeping = request.config.pluginmanager.get_plugin("backend-gates-own")
    return OwnMetrics(_declared(request.config), request.node.nodeid, keeping)


def _declared(config: pytest.Config) -> "dict[str, OwnMetric]":
    """Return what ``backend_gates_metrics`` declares; a mistake in it, told before in a run with the gates, fails."""
    from pytest_backend_gates.metrics import Catalogue
    from pytest_backend_gates.own_metrics import read_metrics
    from pytest_backend_gates.written import Written

    if _DECLARED not in config.stash:
        written = Written(config)
        declared = read_metrics(written, Catalogue({}))
        if written.problems:
            pytest.fail("\n".join(map(str, written.problems)), pytrace=False)
        config.stash[_DECLARED] = declared
    return config.stash[_DECLARED]


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
