"""Requests to a framework that nobody here wrote: as many are observed as its test client has sent."""

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.real.conftest import Real

#: Those of its test files that send requests through the whole of Django, with routes of every kind.
FILES = (
    "test_testing.py",
    "test_routers.py",
    "test_middleware.py",
    "test_atomic_requests.py",
    "authentication",
)

#: Operations as one who reads the routes would name them: of ``path()``, ``re_path()``, ``include()`` and routers.
SPELT = {
    "GET /auth/login/": "auth/login/",
    "GET /empty-prefix/{pk}/": r"empty-prefix/(?P<pk>[^/.]+)/$",
    "GET /path/{pk}/detail/{kwarg}/": "path/<str:pk>/detail/<int:kwarg>/",
    "GET /regex/{pk}/detail/{kwarg}/": r"regex/(?P<pk>[^/.]+)/detail/(?P<kwarg>[0-9]{4})/$",
    "POST /api/basics/{pk}/action3/": r"api/basics/(?P<pk>[^/.]+)/action3/$",
}


def test_every_request_of_rest_framework_is_counted(rest_framework: "Real", mode: str) -> None:
    """By method; what matched no route is told apart, and the routes are spelt as those of other frameworks."""
    files = [f"tests/{name}" for name in FILES]
    run = rest_framework.gates(mode, "--backend-gates-only=latency", *files)
    assert run["status"] == 0, run["out"]
    sent = Counter(method for method, _ in run["requests"])
    operations = run["report"]["measurements"]["latency"]["subjects"]
    told = Counter[str]()
    for name, one in operations.items():
        told[name.partition(" ")[0]] += one["count"] + one["cold"]
    (note,) = run["report"]["notes"]
    assert (note, sent - told) == (
        "latency: 2 requests matched no route, and so no operation",
        Counter(GET=2),
    )
    assert sum(sent.values()) == 146
    natives = {name: one["native"] for name, one in operations.items()}
    assert {name: natives.get(name) for name in SPELT} == SPELT
