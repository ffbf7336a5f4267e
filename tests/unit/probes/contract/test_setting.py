"""What schemathesis is told, and which schemathesis.toml holds."""

from pathlib import Path
from typing import Any

import pytest

from pytest_backend_gates.probes.contract import setting

OURS = {"generation": {"mode": "positive", "max-examples": 25, "database": "none"}}


def test_the_projects_own_is_stronger() -> None:
    """Key by key, in every table; checks that the ini file asks for are ours."""
    own = {"generation": {"max-examples": 5}, "checks": {"ignored_auth": {"enabled": False}}, "seed": 7}
    merged = setting.settings(own, ["ignored_auth", "unsupported_method"])
    assert merged["generation"] == {**OURS["generation"], "max-examples": 5}
    assert merged["seed"] == 7
    checks = merged["checks"]
    assert {name for name, one in checks.items() if one and one["enabled"]} == {
        *setting.CHECKS,
        "unsupported_method",
    }
    assert merged["phases"]["stateful"] == {"enabled": False}


def test_what_is_not_honoured() -> None:
    """Neither another host nor an early end, in no table; and credentials are always masked."""
    own = {
        "base-url": "https://example.com",
        "max-time": 1,
        "output": {
            "sanitization": {"enabled": False, "keys-to-sanitize": ["x"]},
            "truncation": {"enabled": False},
        },
        "project": [
            {"title": "Shop", "proxy": "http://p", "operations": [{"include-path": "/", "proxy": "http://p"}]}
        ],
        "operations": [{"include-path": "/", "request-retries": 3}],
    }
    merged = setting.settings(own, [])
    assert not {"base-url", "max-time"} & merged.keys()
    assert merged["output"] == {"sanitization": {"enabled": True}, "truncation": {"enabled": False}}
    assert merged["project"] == [{"title": "Shop", "operations": [{"include-path": "/"}]}]
    assert merged["operations"] == [{"include-path": "/"}]
    assert own["project"][0]["proxy"] == "http://p"  # type: ignore[index]  # what the project wrote is left alone


@pytest.mark.parametrize(("place", "found"), [("shop/api", True), ("shop", True), (".", True), ("..", False)])
def test_which_file_holds(tmp_path: Path, place: str, found: bool) -> None:  # noqa: FBT001  a table
    """The nearest one at the rootdir or above, not above the repository's root."""
    root = tmp_path / "repository"
    (root / "shop" / "api").mkdir(parents=True)
    (root / ".git").mkdir()
    path = root / place / "schemathesis.toml"
    path.write_text("seed = 1\n")
    told = setting.found(root / "shop" / "api")
    assert (told is not None and told.samefile(path)) is found


def test_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers and credentials, wherever they stand, also numbers, with what the environment adds."""
    monkeypatch.setenv("TOKEN", "from-the-environment")
    own = {
        "headers": {"X-Key": "header-key", "X-Account": 12345678},
        "auth": {
            "basic": {"username": "shopper", "password": "pass-word"},
            "dynamic": {"extract_from": "body"},
        },
        "operations": [{"headers": {"Authorization": "Bearer ${TOKEN}"}}],
        "project": [{"auth": {"openapi": {"Key": {"api_key": "the-api-key"}}}}],
    }
    assert sorted(setting.secrets(own)) == [
        "12345678",
        "Bearer from-the-environment",
        "header-key",
        "pass-word",
        "the-api-key",
    ]


@pytest.mark.parametrize(
    ("own", "why"),
    [
        (
            {"auth": {"wfc": {"file": "x.yaml"}}},
            "[auth.wfc] may log in on another host, and nothing is sent there",
        ),
        (
            {"checks": {name: {"enabled": False} for name in setting.CHECKS}},
            "it switches off every check that is held against an answer, so nothing would be checked",
        ),
        ({"checks": {name: {"enabled": False} for name in setting.CHECKS[1:]}}, None),
    ],
)
def test_what_a_gate_cannot_do_is_refused(own: dict[str, Any], why: str | None) -> None:
    """A green gate that checked nothing, or a request to another host, is nobody's configuration."""
    assert setting.refused(setting.settings(own, ())) == why
