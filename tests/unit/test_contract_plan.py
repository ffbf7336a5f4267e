"""The contract gate's settings: one plan, or every mistake at the place where it was written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_backend_gates.contract_plan import app_of, read_plan
from pytest_backend_gates.errors import ConfigurationError
from pytest_backend_gates.probes.contract.app import AppError
from pytest_backend_gates.probes.contract.plan import Plan
from pytest_backend_gates.written import Written

Read = Callable[..., Plan]


@pytest.fixture
def plan(pytester: pytest.Pytester) -> Read:
    """Read the plan of a project with this ini text and these arguments."""
    pytester.mkdir("tests")
    (pytester.path / "openapi.yaml").write_text("openapi: 3.0.0\n")

    def resolved(ini: str = "", *arguments: str) -> Plan:
        pytester.makeini(f"[pytest]\n{ini}")
        written = Written(pytester.parseconfig(*arguments))
        found = read_plan(written, pytester.path)
        if written.problems:
            raise ConfigurationError(written.problems)
        return found

    return resolved


def test_nothing_is_set(plan: Read, pytester: pytest.Pytester) -> None:
    """Without settings there is nothing to exercise, and no consent."""
    assert plan() == Plan(pytester.path)


def test_everything_is_set(plan: Read, pytester: pytest.Pytester) -> None:
    """Each setting is read, paths from the rootdir, and knows its place."""
    read = plan(
        """\
backend_gates_app = shop.app:create_app  # the factory
backend_gates_schema = openapi.yaml
backend_gates_writes = true
backend_gates_checks =
    negative_data_rejection
    # and
    ignored_auth  # later
backend_gates_contract_dir = ./tests/
backend_gates_usefixtures = clean_database
    signed_in
"""
    )
    assert read == Plan(
        pytester.path,
        pytester.path / "tests",
        "shop.app:create_app",
        pytester.path / "openapi.yaml",
        writes=True,
        checks=("negative_data_rejection", "ignored_auth"),
        usefixtures=("clean_database", "signed_in"),
        places={
            "shop.app:create_app": "backend_gates_app (tox.ini:2)",
            "negative_data_rejection": "backend_gates_checks (tox.ini:6)",
            "ignored_auth": "backend_gates_checks (tox.ini:8)",
            "clean_database": "backend_gates_usefixtures (tox.ini:10)",
            "signed_in": "backend_gates_usefixtures (tox.ini:11)",
        },
    )


def test_an_override_for_one_run(plan: Read) -> None:
    """``-o`` replaces the ini file's value and is named as the place."""
    read = plan("backend_gates_app = shop.app:app", "-o", "backend_gates_app=shop.app:other")
    assert (read.app, read.place(read.app or "")) == ("shop.app:other", "-o backend_gates_app")


def test_mistakes(plan: Read, pytester: pytest.Pytester) -> None:
    """Every mistake is told at once, with its line, a caret and what is allowed."""
    (pytester.path / "file.txt").write_text("")
    ini = """\
backend_gates_app = shop.app
backend_gates_schema = https://example.org/openapi.json
backend_gates_writes = perhaps
backend_gates_checks = negative data
backend_gates_contract_dir = tsts
backend_gates_usefixtures = a, b
"""
    with pytest.raises(ConfigurationError) as caught:
        plan(ini)
    assert (
        str(caught.value)
        == f"""\
backend gates: 6 problems in the configuration
backend_gates_contract_dir (tox.ini:6): 'tsts' does not exist in {Path.cwd()}
    tsts
    ^^^^
  allowed: a folder of tests, relative to the rootdir
backend_gates_app (tox.ini:2): the attribute is missing
    shop.app
    ^^^^^^^^
  allowed: 'package.module:attribute', an ASGI or WSGI application or a function that returns one
backend_gates_schema (tox.ini:3): 'https://example.org/openapi.json' is an address, and nothing is fetched from \
other hosts
    https://example.org/openapi.json
    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  allowed: an OpenAPI file, JSON or YAML, relative to the rootdir
backend_gates_writes (tox.ini:4): invalid truth value 'perhaps'
    backend_gates_writes = perhaps
                           ^^^^^^^
  allowed: true or false
backend_gates_checks (tox.ini:5): 'negative data' is not a name
    negative data
    ^^^^^^^^^^^^^
  a check is written as schemathesis names it
backend_gates_usefixtures (tox.ini:7): 'a, b' is not a name
    a, b
    ^^^^
  one fixture a line"""
    )


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("schema", "api.yaml", "'api.yaml' does not exist in {root}"),
        ("schema", "tests", "'tests' is not a file"),
        ("contract_dir", "openapi.yaml", "'openapi.yaml' is not a folder"),
        ("contract_dir", "..", "'..' is outside of {root}"),
        ("app", "shop.app:create_app()", "a factory is named without its brackets"),
    ],
)
def test_paths_that_do_not_fit(
    plan: Read, pytester: pytest.Pytester, key: str, value: str, message: str
) -> None:
    """A path has to be there, of the right kind, and inside the project."""
    with pytest.raises(ConfigurationError) as caught:
        plan(f"backend_gates_{key} = {value}")
    (problem,) = caught.value.problems
    expected = message.format(root=pytester.path)
    assert (problem.where, problem.message) == (f"backend_gates_{key} (tox.ini:2)", expected)


@pytest.mark.filterwarnings("ignore:Passing a value that is not a string")
def test_toml_of_the_wrong_type(pytester: pytest.Pytester) -> None:
    """A list where a text belongs is told as such, not as a traceback."""
    pytester.makepyprojecttoml('[tool.pytest.ini_options]\nbackend_gates_app = ["shop.app:app"]\n')
    written = Written(pytester.parseconfig())
    assert read_plan(written, pytester.path).app is None
    (problem,) = written.problems
    assert (problem.where, problem.message, problem.allowed) == (
        "backend_gates_app (pyproject.toml:2)",
        "expected a text; got ['shop.app:app']",
        "allowed: a text",
    )


def test_the_application_without_the_gates(pytester: pytest.Pytester) -> None:
    """The fixture asks for the application alone; a misspelt name tells its place."""
    pytester.makeini("[pytest]\nbackend_gates_app = shop.app:app")
    assert app_of(pytester.parseconfig()) == "shop.app:app"
    pytester.makeini("[pytest]")
    assert app_of(pytester.parseconfig()) is None
    pytester.makeini("[pytest]\nbackend_gates_app = shop.app")
    with pytest.raises(AppError, match=r"backend_gates_app \(tox.ini:2\): the attribute is missing"):
        app_of(pytester.parseconfig())


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://127.0.0.1:8000/api/", "http://127.0.0.1:8000/api"),
        ("http://localhost:8000  # ours", "http://localhost:8000"),
    ],
)
def test_a_server_on_this_machine(plan: Read, url: str, told: str) -> None:
    """It needs nobody's consent."""
    server = plan(f"backend_gates_base_url = {url}").server
    assert server is not None
    assert (str(server.address), server.place) == (told, "backend_gates_base_url (tox.ini:2)")
    assert not server.address.remote


def test_another_machine(plan: Read) -> None:
    """It is an error, unless who runs the tests has allowed it."""
    ini = "backend_gates_base_url = http://192.0.2.1:8000"
    with pytest.raises(ConfigurationError) as caught:
        plan(ini)
    assert (
        str(caught.value)
        == """\
backend gates: 1 problem in the configuration
backend_gates_base_url (tox.ini:2): '192.0.2.1' is not this machine: its address is 192.0.2.1
    http://192.0.2.1:8000
           ^^^^^^^^^
  allowed: this machine; another one with --backend-gates-allow-remote, given on the command line"""
    )
    server = plan(ini, "--backend-gates-allow-remote").server
    assert server is not None
    assert server.address.remote


def test_consent_in_a_file(plan: Read) -> None:
    """The project cannot give it for whoever runs its tests."""
    with pytest.raises(ConfigurationError) as caught:
        plan("addopts = --backend-gates-allow-remote\nbackend_gates_base_url = http://192.0.2.1")
    assert (
        str(caught.value)
        == """\
backend gates: 1 problem in the configuration
addopts (tox.ini:2): --backend-gates-allow-remote is given on the command line, by whoever runs the tests
    addopts = --backend-gates-allow-remote
              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  take it out of addopts"""
    )


def test_what_is_no_base_url(plan: Read) -> None:
    """A caret points at the fault; credentials are not shown again."""
    with pytest.raises(ConfigurationError) as caught:
        plan("backend_gates_base_url = http://anna:ge/hei m@localhost:8000")
    assert (
        str(caught.value)
        == """\
backend gates: 1 problem in the configuration
backend_gates_base_url (tox.ini:2): an address holds no credentials here: the requests carry them
    [Filtered]@localhost:8000
    ^^^^^^^^^^^^^^^^^^^^^^^^^
  allowed: 'http://127.0.0.1:8000' or 'https://...', with a path where the paths of the schema are below one"""
    )
    with pytest.raises(ConfigurationError) as caught:
        plan("backend_gates_base_url = http://localhost:80000")
    assert (
        str(caught.value)
        == """\
backend gates: 1 problem in the configuration
backend_gates_base_url (tox.ini:2): the port is a number up to 65535
    http://localhost:80000
                     ^^^^^
  allowed: 'http://127.0.0.1:8000' or 'https://...', with a path where the paths of the schema are below one"""
    )
