"""The contract's operations are pytest items: what the application saw, what each run selects, what a failure shows."""

import re
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project, Result

#: Writes down every request that it answers: who asked, what, and what with.
APP = """\
import os
from typing import Annotated

from fastapi import FastAPI, Header, HTTPException, Query, Request

CALLER = ["nobody"]


def create_app() -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def write_down(request: Request, call_next):
        body = (await request.body()).decode()
        with open(os.environ["SEEN"], "a") as log:
            log.write(f"{CALLER[-1]} {request.method} {request.url.path}?{request.url.query} {body}\\n")
        return await call_next(request)

    @app.get("/orders")
    def orders(limit: Annotated[int, Query(ge=1, le=5)] = 3) -> list[int]:
        return list(range(limit))

    @app.post("/orders", status_code=201)
    def place(order: dict[str, int]) -> int:
        return len(order)

    @app.get("/orders/{order_id}")
    def order(order_id: int) -> int:
        if order_id > 10:
            raise HTTPException(404)
        return order_id

    @app.get("/stock")
    def stock(x_token: Annotated[str | None, Header()] = None) -> int:
        return count()

    return app


def count() -> int:
    shelves = [1, 2]
    return sum(shelves)


app = create_app()
"""
TESTS = """\
from starlette.testclient import TestClient

from shop.app import app


def test_orders():
    assert TestClient(app).get("/orders").json() == [0, 1, 2]


def test_two():
    assert len(TestClient(app).get("/orders?limit=2").json()) == 2
"""
INI = """\
[pytest]
testpaths = tests
pythonpath = .
backend_gates_app = shop.app:app
"""
ONLY = "--backend-gates-only=contract"
#: For tests that are not about what is generated.
FEW = "[generation]\nmax-examples = 5\n"
OPERATIONS = ["GET /orders", "POST /orders", "GET /orders/{order_id}", "GET /stock"]
READING = {"GET /orders", "GET /orders/{}", "GET /stock"}
NOT_FOUND = """\
404 Not Found is not documented  [status_code_conformance]
the schema allows 200, 422
curl -X GET http://testserver/orders/11
to document it: responses={404: {"description": "Not Found"}} in the route's decorator

to run it alone: pytest --backend-gates -k "contract[GET and /orders/ and order_id\""""

one_mode = pytest.mark.parametrize("mode", [("-p", "no:xdist")], indirect=True, ids=["no xdist"])
two_workers = pytest.mark.parametrize("mode", [("-n2",)], indirect=True, ids=["-n2"])


@pytest.fixture
def project(empty: "Project") -> "Project":
    """Make a FastAPI project with tests in two folders, whose application writes down what it is asked."""
    empty.file("pytest.ini", INI).file("shop/__init__.py", "").file("shop/app.py", APP)
    empty.file("tests/unit/test_a.py", TESTS).file("tests/api/test_b.py", TESTS)
    empty.file("schemathesis.toml", FEW)
    return replace(empty, env={"SEEN": str(empty.root / "seen.log")})


def seen(project: "Project") -> list[str]:
    """Return what the application was asked since the last time, in order."""
    path = project.root / "seen.log"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def asked(project: "Project") -> set[str]:
    """Return the operations that the application was asked for since the last time."""
    pairs = [line.split(" ")[1:3] for line in seen(project)]
    return {re.sub(r"(?<=/orders/).*", "{}", f"{method} {path.partition('?')[0]}") for method, path in pairs}


def ended(project: "Project", *args: str) -> "tuple[Result, dict[str, str]]":
    """Run with the gates; return the result, and how each test ended, as JUnit's XML has it."""
    result = project.gates("--junitxml=junit.xml", *args)
    cases = ET.parse(project.root / "junit.xml").getroot().iter("testcase")  # noqa: S314 (pytest wrote it)
    ends = {
        f"{case.get('classname')}::{case.get('name')}": next((one.tag for one in case), "passed")
        for case in cases
    }
    return result, {name: end for name, end in ends.items() if not name.startswith("backend-gates")}


def contract(*ends: str) -> dict[str, str]:
    """Name the contract's tests, in the order of the schema, with these ends."""
    names = [f"tests.contract::contract[{name}]" for name in OPERATIONS]
    return {name: end for name, end in zip(names, ends, strict=True) if end}


OWN = {
    f"tests.{folder}::test_{name}": "passed"
    for folder in ("api.test_b", "unit.test_a")
    for name in ("orders", "two")
}


def test_full_run(project: "Project") -> None:
    """Each operation is a test, the last to run; without consent only what reads is asked."""
    (project.root / "schemathesis.toml").unlink()
    report = f"--backend-gates-report=json:{project.root / 'gates.json'}"
    result, ends = ended(project, "--backend-gates-only=coverage,contract,latency", "-v", "-rs", report)
    assert ends == {**OWN, **contract("passed", "skipped", "failure", "passed")}
    assert asked(project) == READING
    assert NOT_FOUND in result.out
    assert (
        "SKIPPED [1] tests/contract:1: not consented to: override the fixture backend_app in tests/conftest.py,"
        " or set backend_gates_writes = true" in result.out
    )
    assert "Traceback" not in result.out
    assert result.out.count("[100%]") == 1
    assert result.status == 1
    gates = {gate["gate"]: gate for gate in project.written()["gates"]}
    assert gates["contract"]["rows"][0]["value"] == 1
    assert "3 of 4 answered" in gates["contract"]["reason"]
    assert "1 not consented to" in gates["contract"]["reason"]
    covered = project.written()["measurements"]["coverage"]["subjects"]["shop/app.py"]
    assert covered["total"] - covered["hits"] == 7  # of what only generated requests run
    latency = project.written()["measurements"]["latency"]["subjects"]
    assert list(latency) == ["GET /orders"]  # what only generated requests asked is nobody's latency
    assert latency["GET /orders"]["sources"]["test"] <= 3
    assert latency["GET /orders"]["sources"]["generated"] > 0


CONFTEST = """\
import pytest

from shop.app import CALLER, create_app


@pytest.fixture(autouse=True)
def autouse():
    CALLER.append("autouse")
    yield
    CALLER.pop()


@pytest.fixture
def asking(autouse):
    CALLER.append("asking")
    yield
    CALLER.pop()


@pytest.fixture(scope="session")
def backend_app():
    app = create_app()
    app.title = "overridden"
    return app
"""


def test_fixtures_of_the_project(project: "Project") -> None:
    """Autouse fixtures and those that the setting names are set up; a backend_app of the project's is consent."""
    project.file("pytest.ini", f"{INI}backend_gates_usefixtures = asking\n").file(
        "tests/conftest.py", CONFTEST
    )
    _, ends = ended(project, ONLY, "-k", "contract")
    assert ends == contract("passed", "passed", "failure", "passed")
    lines = seen(project)
    assert {line.partition(" ")[0] for line in lines} == {"asking"}
    assert any(" POST /orders? {" in line for line in lines)


@one_mode
def test_what_each_run_selects(project: "Project") -> None:
    """Files and folders of the project know nothing of the contract; the usual options work on its tests."""
    own = {name for name, end in OWN.items() if end}
    for arguments in (["tests/unit/test_a.py"], ["tests/unit"], ["tests/api", "tests/unit"]):
        result, ends = ended(project, ONLY, *arguments)
        assert set(ends) <= own
        assert asked(project) == {"GET /orders"}
        assert (result.status, result.rows()["contract"]) == (0, "SKIPPED")
    failed = contract("", "", "failure", "")
    project.file("tests/unit/test_a.py", f"{TESTS}\n\ndef test_fails():\n    assert not app\n")
    result, ends = ended(project, ONLY, "tests", "-p", "no:schemathesis")
    assert (result.status, result.rows()["contract"], len(ends)) == (1, "FAILED", 9)
    result, ends = ended(project, ONLY, "--lf")  # also the one in a file that does not exist
    assert ends == {"tests.unit.test_a::test_fails": "failure", **failed}
    project.file("tests/unit/test_a.py", TESTS)
    asked(project)
    result, ends = ended(project, ONLY, "--lf")
    assert (ends, asked(project)) == (failed, {"GET /orders/{}"})
    expression = re.search(r'-k "(.*)"', result.out)
    assert expression is not None
    assert ended(project, ONLY, "-k", expression[1])[1] == failed
    deselected = [f"--deselect=tests/contract::contract[{name}]" for name in OPERATIONS[:3]]
    assert ended(project, ONLY, *deselected)[1] == {**OWN, **contract("", "", "", "passed")}
    seen(project)
    listed = project.gates(ONLY, "--co", "-q").out.splitlines()
    assert listed[4:8] == [f"tests/contract::contract[{name}]" for name in OPERATIONS]
    stopped = project.gates(ONLY, "-x", "-k", "contract")
    assert (stopped.status, asked(project)) == (1, {"GET /orders", "GET /orders/{}"})


@two_workers
def test_distributions(project: "Project") -> None:
    """Every way to distribute runs each item once, with the requests that it has in a single process."""
    replace(project, mode=("-p", "no:xdist")).gates(ONLY)
    alone = seen(project)
    for how in ("loadfile", "worksteal"):
        result, ends = ended(project, ONLY, "--dist", how)
        assert ends == {**OWN, **contract("passed", "skipped", "failure", "passed")}
        assert (sorted(seen(project)), result.rows()["contract"]) == (sorted(alone), "FAILED")


@one_mode
def test_the_same_requests_every_time(project: "Project") -> None:
    """The log of requests is equal twice in a row and with another seed of hashes; two workers share it out."""
    (project.root / "schemathesis.toml").unlink()
    project.file("pytest.ini", f"{INI}backend_gates_writes = true\n")
    logs = []
    for mode, seed in ((project.mode, "0"), (project.mode, "0"), (project.mode, "7"), (("-n2",), "0")):
        run = replace(project, mode=mode, env={**project.env, "PYTHONHASHSEED": seed})
        assert run.gates(ONLY).status == 1
        logs.append(seen(project))
    assert {"POST", "GET"} <= {line.split(" ")[1] for line in logs[0]}
    assert logs[0] == logs[1] == logs[2]
    assert sorted(logs[0]) == sorted(logs[3])  # processes take turns


@pytest.mark.parametrize("mode", [("-p", "no:xdist"), ("-n2",)], indirect=True, ids=["no xdist", "-n2"])
def test_judged_in_total(project: "Project") -> None:
    """Where the judge tolerates a finding by itself, its test is an expected failure with the threshold as reason."""
    thresholds = (
        "backend_gates_thresholds =\n  contract.failures <= 1\n  contract.failures[GET /stock] == 0\n"
    )
    project.file("pytest.ini", INI + thresholds)
    result, ends = ended(project, ONLY, "-rx")
    assert ends == {**OWN, **contract("passed", "skipped", "skipped", "passed")}
    assert (
        "XFAIL tests/contract::contract[GET /orders/{order_id}] - judged in total: contract.failures <= 1"
        " (pytest.ini:6): 404 Not Found is not documented" in result.out
    )
    assert (result.status, result.rows()["contract.failures"]) == (0, "PASSED")


#: A mistake in the settings -> the files that make it so, and what is told of it.
#: Other ones of the same kinds: see tests/unit/probes/contract/test_items.py.
MISTAKES = {
    "fixture": (
        {"pytest.ini": f"{INI}backend_gates_usefixtures = signed_in\n"},
        "backend_gates_usefixtures (pytest.ini:5): there is no fixture 'signed_in' for the tests in 'tests'",
    ),
    "application": (
        {"pytest.ini": INI.replace("shop.app:app", "shop.app:ap")},
        (
            "backend_gates_app (pytest.ini:4): 'shop.app' has no attribute 'ap'; did you mean 'app'? allowed:"
            " 'package.module:attribute', an ASGI or WSGI application or a function that returns one"
        ),
    ),
    "schemathesis.toml": (
        {"schemathesis.toml": '[generation]\nmode = "some"\n'},
        (
            "{root}/schemathesis.toml: Error in [generation] section: Invalid value:"
            " - 'mode' -> 'some' is not a valid value. Valid values are: 'all', 'negative', 'positive'."
        ),
    ),
}


@pytest.mark.parametrize("mode", [("-p", "no:xdist"), ("-n2",)], indirect=True, ids=["no xdist", "-n2"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_in_the_settings(project: "Project", mistake: str) -> None:
    """They are told as one error of the collection, before the first test; if that does not end it, on the row."""
    files, text = MISTAKES[mistake]
    told = text.format(root=project.root)
    for name, content in files.items():
        project.file(name, content)
    result = project.gates(ONLY)
    assert f"\n{' ERROR collecting tests/contract '.center(100, '_')}\n{told}\n=====" in result.out
    assert (result.out.count(told), result.status != 0) == (1, True)
    assert result.block == "no verdict: the session was cut short: 1 error during collection"
    result = project.gates(ONLY, "--continue-on-collection-errors")
    assert (result.status, result.rows()["contract"]) == (1, "ERROR")
    assert f"contract == 0: {told}\n  without it: contract.failures off, or" in result.out


#: What stands in the way -> the files that make it so, and what the row says.
OBSTACLES = {
    "no application": (
        {
            "pytest.ini": INI.replace("app = shop.app:app", "schema = openapi.yaml"),
            "openapi.yaml": "openapi: 3.0.0\ninfo: {title: a, version: '1'}\npaths:\n  /a:\n    get:\n"
            "      responses: {'200': {description: a}}\n",
        },
        "there is a schema and no application: set backend_gates_app, or override the fixture backend_app",
    ),
    "folder": (
        {"pytest.ini": f"{INI}backend_gates_contract_dir = other\n", "other/README": ""},
        (
            "the contract's tests belong to 'other', and it was not collected: name a folder of tests that is, with"
            " backend_gates_contract_dir"
        ),
    ),
}


@one_mode
@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_what_stands_in_the_way(project: "Project", obstacle: str) -> None:
    """Without contract tests the gate is ERROR and says where the mistake is; the project's own tests all run."""
    files, told = OBSTACLES[obstacle]
    for name, text in files.items():
        project.file(name, text)
    project.file("gates.json", "")
    result, ends = ended(project, ONLY, f"--backend-gates-report=json:{project.root / 'gates.json'}")
    assert ends == OWN
    assert (result.status, result.rows()["contract"]) == (1, "ERROR")
    (gate,) = [one for one in project.written()["gates"] if one["gate"] == "contract"]
    assert told in gate["reason"]


#: An application that behaves badly in its own way at each operation.
BAD_APP = """\
import os
import sys

from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.get("/fine")
def fine() -> int:
    return 1


@app.get("/leaves")
def leaves() -> int:
    os._exit(3)


@app.get("/exits")
def exits() -> int:
    sys.exit(3)


@app.get("/locked", responses={401: {}})
def locked() -> int:
    raise HTTPException(401)


@app.get("/missing", responses={404: {}})
def missing() -> int:
    raise HTTPException(404)


@app.get("/hangs")
async def hangs() -> int:
    import asyncio

    await asyncio.sleep(1000)


make = app.openapi


def openapi():
    schema = make()
    schema["paths"]["/broken"] = {"get": {"parameters": [{"$ref": "#/nowhere"}], "responses": {}}}
    return schema


app.openapi = openapi
"""


@pytest.mark.parametrize("mode", [("-p", "no:xdist"), ("-n2",)], indirect=True, ids=["no xdist", "-n2"])
def test_operations_that_behave_badly(project: "Project") -> None:
    """One that hangs, exits, leaves the process or cannot be asked is never green; the others are still judged."""
    project.file("shop/app.py", BAD_APP).file("tests/unit/test_a.py", "def test_own(): ...\n")
    project.file("tests/api/test_b.py", "")
    result, ends = ended(project, ONLY)
    assert {
        name.partition("contract[GET ")[2].rstrip("]"): end
        for name, end in ends.items()
        if "contract[" in name
    } == {
        "/fine": "passed",
        "/leaves": "failure",
        "/exits": "failure",
        "/locked": "skipped",
        "/missing": "skipped",
        "/hangs": "failure",
        "/broken": "failure",
    }
    assert (result.status, result.rows()["contract"]) == (1, "ERROR")


#: What an application does to everything -> how, and what becomes of the gate.
ALL = {
    "locked": (
        "@app.middleware('http')\nasync def no(request, call_next):\n    return Response(status_code=401)\n",
        "FAILED",
    ),
    "locked and documented": (
        (
            "from fastapi import Depends, HTTPException\n\n\n"
            "def no():\n    raise HTTPException(401)\n\n\n"
            "app = FastAPI(dependencies=[Depends(no)], responses={401: {}})\n"
        ),
        "SKIPPED",
    ),
    "missing and documented": (
        (
            "from fastapi import Depends, HTTPException\n\n\n"
            "def no():\n    raise HTTPException(404)\n\n\n"
            "app = FastAPI(dependencies=[Depends(no)], responses={404: {}})\n"
        ),
        "SKIPPED",
    ),
    "lifespan": (
        (
            "async def lifespan(app):\n    raise RuntimeError('no database')\n    yield\n\n\n"
            "app = FastAPI(lifespan=__import__('contextlib').asynccontextmanager(lifespan))\n"
        ),
        "ERROR",
    ),
}


@one_mode
@pytest.mark.parametrize("what", ALL)
def test_applications_that_never_answer(project: "Project", what: str) -> None:
    """Nothing is green of which nothing is known."""
    code, outcome = ALL[what]
    routes = "\n\n@app.get('/a')\ndef a() -> int:\n    return 1\n\n\n@app.get('/b')\ndef b() -> int:\n    return 1\n"
    project.file(
        "shop/app.py", f"from fastapi import FastAPI, Response\n\napp = FastAPI()\n\n\n{code}{routes}"
    )
    project.file("tests/unit/test_a.py", "def test_own(): ...\n").file("tests/api/test_b.py", "")
    result, ends = ended(project, ONLY)
    end = {"SKIPPED": "skipped"}.get(outcome, "failure")
    assert {name: one for name, one in ends.items() if "contract[" in name} == {
        "tests.contract::contract[GET /a]": end,
        "tests.contract::contract[GET /b]": end,
    }
    assert result.rows()["contract"] == outcome
    assert result.status == (0 if outcome == "SKIPPED" else 1)


OFF = """\
def test_configured(backend_app):
    from shop.app import app

    assert backend_app is app
"""


@one_mode
def test_the_fixture_without_the_gates(project: "Project") -> None:
    """``backend_app`` is there without ``--backend-gates``, the contract's tests are not."""
    project.file("tests/unit/test_a.py", OFF)
    result = project.run("-v")
    assert (result.status, "contract" in result.out) == (0, False)
    project.file("pytest.ini", "[pytest]\npythonpath = .\n")
    result = project.run("tests/unit")
    assert (
        "backend_app: no application is configured; set backend_gates_app = package.module:attribute, or"
        " override the fixture in a conftest.py" in result.out
    )
    assert "fixtures.py" not in result.out


@one_mode
def test_consent_does_not_hang_on_a_mark(project: "Project") -> None:
    """Without pytest's own skipping nothing is written either."""
    result = project.gates(ONLY, "-p", "no:skipping")
    assert not [line for line in seen(project) if line.startswith("POST")]
    assert "1 not consented to" in " ".join(result.block.split())


@one_mode
def test_a_fixture_that_returns_no_application(project: "Project") -> None:
    """It is the gate's error, not a failure of every operation."""
    conftest = "import pytest\n\n\n@pytest.fixture\ndef backend_app():\n    return ['no app']\n"
    result = project.file("tests/conftest.py", conftest).gates(ONLY)
    assert (result.status, result.rows()["contract"]) == (1, "ERROR")
    assert "the fixture backend_app returned a list, no ASGI or WSGI application" in " ".join(
        result.block.split()
    )


#: What hooks of a project read of items, and what they find there.
HOOK = """\
def pytest_collection_modifyitems(items):
    for item in items:
        found = "a folder" if item.path.is_dir() else item.path.read_text(encoding="utf-8")[:4]
        print("item", item.nodeid, item.path.name, found, item.reportinfo()[0].name, item.parent.path == item.path)
"""


@one_mode
def test_the_path_of_an_item_exists(project: "Project") -> None:
    """Hooks may read it: the folder's conftest.py, else the folder; the id is of a name that is made up."""
    project.file("conftest.py", HOOK)
    found = "item tests/contract::contract[GET /stock] tests a folder contract True"
    assert found in project.gates(ONLY, "--co", "-q", "-s").out.splitlines()
    project.file("tests/conftest.py", "# of the tests\n")
    found = "item tests/contract::contract[GET /stock] conftest.py # of contract True"
    result = project.gates(ONLY, "-vv", "-s")
    assert found in result.out.splitlines()
    assert "\ntests/contract::contract[GET /stock] " in result.out
    assert " <- " not in result.out


@pytest.mark.parametrize("mode", [("-p", "no:xdist"), ("-n2",)], indirect=True, ids=["no xdist", "-n2"])
def test_a_full_run_of_files(project: "Project") -> None:
    """Where testpaths name files alone, the contract belongs to the folder of the first."""
    ini = INI.replace("testpaths = tests", "testpaths = tests/unit/test_a.py tests/api/test_b.py")
    project.file("pytest.ini", ini)
    mine = {
        name.replace("tests.", "tests.unit."): end
        for name, end in contract("passed", "skipped", "failure", "passed").items()
    }
    result, ends = ended(project, ONLY)
    assert (ends, result.rows()["contract"]) == ({**OWN, **mine}, "FAILED")
    result, ends = ended(project, ONLY, "tests/api/test_b.py")
    assert (set(ends) <= OWN.keys(), result.rows()["contract"]) == (True, "SKIPPED")


@one_mode
def test_how_to_run_it_alone(project: "Project") -> None:
    """What is printed can be pasted, from the same folder: with the paths and files of this run."""
    above = project.root.parent
    rest = [
        project.root.name,
        "-c",
        f"{project.root.name}/pytest.ini",
        "-o",
        "python_files=test_*.py no_*.py",
    ]
    result = project.run("--backend-gates", ONLY, *rest, cwd=above)
    told = next(line for line in result.out.splitlines() if line.startswith("to run it alone: "))
    command = 'pytest --backend-gates -k "contract[GET and /orders/ and order_id"'
    words = f"{project.root.name} -c {project.root.name}/pytest.ini -o 'python_files=test_*.py no_*.py'"
    assert told == f"to run it alone: {command} {words}"
    asked(project)
    again = project.run(*shlex.split(told)[5:], cwd=above)
    assert (again.status, asked(project)) == (1, {"GET /orders/{}"})


ASYNCHRONOUS = """\
import pytest


@pytest.fixture
async def backend_app():
    from shop.app import app

    return app
"""
NOBODY_WAITS = (
    "the fixture backend_app (conftest.py:4) is asynchronous, and nothing waits for it: return the application from"
    " an ordinary function, for its lifespan is run for each operation anyway; or let a plugin wait for it, such as"
    " pytest-asyncio with @pytest_asyncio.fixture"
)


@pytest.mark.parametrize(
    ("mode", "ends"), [(("-p", "no:xdist"), "return"), (("-n2",), "yield")], indirect=["mode"]
)
def test_an_asynchronous_application(project: "Project", ends: str) -> None:
    """It says what is allowed: in the test and on the row."""
    project.file("tests/conftest.py", ASYNCHRONOUS.replace("return", ends))
    result = project.gates(ONLY)
    assert result.out.count(f"\n{NOBODY_WAITS}\n") == 4
    why = f"this operation was not exercised: {NOBODY_WAITS}"
    assert f"GET /orders: {why} (and 3 more); 0 failures in 4 operations" in " ".join(result.block.split())
    assert (result.status, result.rows()["contract"]) == (1, "ERROR")


@one_mode
def test_what_schemathesis_toml_switches_off(project: "Project") -> None:
    """It stays declared, is a test that is skipped, and the row tells of it; also of checks that are off."""
    project.file(
        "schemathesis.toml",
        f'{FEW}[[operations]]\ninclude-path = "/stock"\nenabled = false\n'
        "[checks.status_code_conformance]\nenabled = false\n",
    )
    result, ends = ended(project, ONLY, "-rs")
    assert ends == {**OWN, **contract("passed", "skipped", "passed", "skipped")}
    assert "SKIPPED [1] tests/contract:1: switched off in schemathesis.toml" in result.out
    assert (
        "PASSED contract 0 == 0 0 failures in 4 operations; 2 of 4 answered, N requests, 4 answers to tests,"
        " 1 not consented to, 1 switched off in schemathesis.toml, schemathesis.toml switches off status_code_conformance (3 of 4)"
    ) in re.sub(r"\d+ requests", "N requests", " ".join(result.block.split()))


@one_mode
def test_the_projects_hypothesis_profile_changes_nothing(project: "Project") -> None:
    """What the project's own tests generate is its business, and what the gate generates is ours."""
    project.gates(ONLY)
    before = seen(project)
    profile = (
        "from hypothesis import Phase, settings\nsettings.register_profile('few', phases=[Phase.explicit])\n"
    )
    project.file("tests/conftest.py", f"{profile}settings.load_profile('few')\n").gates(ONLY)
    assert seen(project) == before
