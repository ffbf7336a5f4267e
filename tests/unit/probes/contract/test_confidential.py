"""What is confidential is masked wherever it appears, however it is spelt; what is not stays legible."""

import base64
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

import pytest

from pytest_backend_gates.probes.contract.confidential import Confidential, Known, published
from pytest_backend_gates.probes.contract.telltale import Names, api_keys

NAMES = Names(
    frozenset({"cookie", "set-cookie", "authorization", "session"}),
    ("token", "key", "secret", "password", "auth"),
)


@dataclass
class Message:
    """A request and an answer at once."""

    uri: str = "http://testserver/items"
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    body: bytes | None = None
    content: bytes = b""


def knowing(
    request: Message | None = None, answer: Message | None = None, public: Sequence[str] = ()
) -> Confidential:
    known = Confidential(NAMES, ["configured", "conf"], public)
    known.learn(request or Message(), answer)
    return known


@pytest.mark.parametrize(
    ("request_", "hidden"),
    [
        (Message("http://testserver/?api_key=in%20query"), "in query"),
        (Message("http://testserver/?token=first-one&token=second-one"), "first-one> <second-one"),
        (Message(headers={"X-Auth": ["in-header"]}), "in-header"),
        (Message(headers={"Authorization": ["ApiKey in-header"]}), "in-header"),
        (Message(headers={"Authorization": ["Custom in-header"]}), "Custom in-header"),
        (Message(headers={"authorization": ["Bearer b-e-a-r-e-r"]}), "b-e-a-r-e-r"),
        (
            Message(headers={"Authorization": ["Basic " + base64.b64encode(b"me:pass-word").decode()]}),
            "pass-word",
        ),
        (Message(headers={"Cookie": ['lang="de"; sid=in-cookie; a=b']}), "in-cookie"),
        (Message(body=b'{"a": [{"b": {"my_secret": {"deep": ["in-json"]}}}]}'), "in-json"),
        (Message(body=b'{"token": 1234567}'), "1234567"),
        (Message(body=b"a=1&password=in+form"), "in form"),
        (Message(body=b"<user><my:password a='b'>in-xml</my:password></user>"), "in-xml"),
        (Message(body=b"user: x\npassword: in yaml\n"), "in yaml"),
        (
            Message(
                body=b'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\nin-part\r\n--x--\r\n'
            ),
            "in-part",
        ),
    ],
)
def test_what_was_sent(request_: Message, hidden: str) -> None:
    """Found in every part of a request, and forgotten with the operation."""
    known = knowing(request_)
    shown = " ".join("<[Filtered]>" for _ in hidden.split("> <"))
    assert known.masked(f"it says <{hidden}>") == f"it says {shown}"
    known.begin()
    assert known.masked(f"it says <{hidden}>") == f"it says <{hidden}>"


def test_what_was_returned() -> None:
    """The application may tell it later: what can be no word stays known. What was configured always was."""
    headers = {"set-cookie": ["sid=5c1e-in-the-cookie; Path=/orders; SameSite=strict; Domain=localhost"]}
    known = knowing(answer=Message(headers=headers, content=b'{"session": "in-answer", "name": "visible"}'))
    text = "5c1e-in-the-cookie in-answer visible configured /orders strict localhost"
    assert known.masked(text) == "[Filtered] [Filtered] visible [Filtered] /orders strict localhost"
    known.begin()
    assert known.masked(text) == "[Filtered] in-answer visible [Filtered] /orders strict localhost"


def test_many_credentials() -> None:
    """Those that an application gives out do not fill the memory, and the last ones are known."""
    known = Known()
    for number in range(10_000):
        known.add(f"secret-{number:05}")
    assert {one for one in known if one.startswith("secret-")} == {
        f"secret-{n:05}" for n in range(8_000, 10_000)
    }
    for number in range(5):
        known.add(f"{number}" * 1_000_000)
    assert sum(map(len, known)) <= 4_000_000


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("key", True),
        ("apiKey", True),
        ("APIKey", True),
        ("X-Apikey", True),
        ("signing_key", True),
        ("keys", True),
        ("keywords", False),
        ("monkey", False),
        ("accesstoken", True),
        ("refreshTokens", True),
        ("tokenizer", False),
        ("secretary", False),
        ("userPassword", True),
        ("oauth_state", False),
        ("authorization", True),
        ("X-Proxy-Authorization", True),
        ("author", False),
        ("authority", False),
        ("X-Account", True),
        ("X-Account-Name", False),
        ("", False),
    ],
)
def test_names(name: str, told: bool) -> None:  # noqa: FBT001 - a row of the table
    """By their words, not by the letters that they share with one; those of the schema as a whole."""
    assert NAMES.besides(["X-Account"]).tell(name) is told


def test_names_that_a_schema_declares() -> None:
    """Of OpenAPI 3 and of Swagger 2; whatever else stands there is no mistake of ours."""
    schemes = {
        "a": {"type": "apiKey", "in": "header", "name": "X-Account"},
        "b": {"type": "http", "scheme": "bearer", "name": "no"},
        "c": "nothing",
    }
    assert list(api_keys({"components": {"securitySchemes": schemes}})) == ["X-Account"]
    assert list(api_keys({"securityDefinitions": schemes})) == ["X-Account"]
    assert list(api_keys({"components": ["x"], "securityDefinitions": None})) == []


AWKWARD = 'it\'s \\ "é" & <more>/+=%'


@pytest.mark.parametrize(
    "spelt",
    [
        AWKWARD,
        quote(AWKWARD, safe=""),
        quote(AWKWARD),
        quote_plus(AWKWARD),
        json.dumps(AWKWARD)[1:-1],
        json.dumps(AWKWARD, ensure_ascii=False)[1:-1],
        repr(AWKWARD)[1:-1],
        repr(AWKWARD.encode())[2:-1],
        shlex.quote(json.dumps(f"?{AWKWARD}?"))[3:-3],
        base64.b64encode(AWKWARD.encode()).decode(),
        base64.b64encode(f"shopper:{AWKWARD}".encode()).decode(),
    ],
)
def test_spellings(spelt: str) -> None:
    """In an address, in JSON, in Python's words, and in base64, also with the name of its owner."""
    body = json.dumps({"username": "shopper", "password": AWKWARD}).encode()
    assert knowing(Message(body=body)).masked(f"<{spelt}>").rstrip("=>") == "<[Filtered]"


def test_what_is_no_secret() -> None:
    """What the schema publishes, schemes, short values, flags, and names that hold a word by accident."""
    body = {"token": "published", "token_type": "bearer", "key": "short", "auth": True, "author": "Ursula K."}
    known = knowing(Message(body=json.dumps(body).encode()), public=["published"])
    text = "published bearer short True Ursula K. conference"
    assert known.masked(text) == "published bearer short True Ursula K. conference"


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[" * 100_000, b'{"token": "\\ud800abcdefg"}', b""])
def test_bodies_that_are_nothing(body: bytes) -> None:
    """Whatever was sent, masking goes on."""
    assert knowing(Message(body=body), Message(content=body)).masked("text") == "text"


def test_what_a_schema_publishes() -> None:
    """Names, texts and their words, at any depth."""
    found = set(published({"/a/{b}": [{"b": "c-d"}, 1, None], "d": "e"}))
    assert found == {"/a/{b}", "a", "b", "c-d", "c", "d", "e"}


def test_what_others_have_learnt() -> None:
    """Answers to the project's tests are masked the same whatever was generated before: by what was configured."""
    answer = Message(content=b'{"token": "a1b2c3d4e5f6g7h8"}')
    known = knowing(Message(body=b'{"password": "in-json"}'), answer)
    told = "configured in-json a1b2c3d4e5f6g7h8"
    assert known.afresh().masked(told) == "[Filtered] in-json a1b2c3d4e5f6g7h8"
    assert known.masked(told) == "[Filtered] [Filtered] [Filtered]"
