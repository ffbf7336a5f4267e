"""What is a credential by its looks or its name is masked in any text; an ordinary message stays legible."""

import pytest

from pytest_backend_gates.masking import masked


def test_longer_secrets_first() -> None:
    """So that no end of one is left over; and a name and password in an address."""
    text = "curl -H 'X: abcd1234' -H 'Y: abcd' https://me:pw@localhost/x@y"
    assert (
        masked(text, ["abcd", "abcd1234"])
        == "curl -H 'X: [Filtered]' -H 'Y: [Filtered]' https://[Filtered]@localhost/x@y"
    )


def test_what_a_cut_left_over() -> None:
    """The beginning of a secret at the end of a line that was too long."""
    text = 'Value:\n    "abcdefghij...\nand abcdefgh // Output truncated...\nabcdefg is another word'
    assert masked(text, ["abcdefghijklmnop"]) == (
        'Value:\n    "[Filtered]...\nand [Filtered] // Output truncated...\nabcdefg is another word'
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Bearer abcdefgh12 Basic YWJjZDplZg==", "Bearer [Filtered] Basic [Filtered]"),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.c2ln", "[Filtered]"),
        ('{"access_token": "abc", "name": "x"}', '{"access_token": "[Filtered]", "name": "x"}'),
        ("{'password': 'a b', 'user': 'x'}", "{'password': '[Filtered]', 'user': 'x'}"),
        ('{\\"secret\\": \\"abc\\"}', '{\\"secret\\": \\"[Filtered]\\"}'),
        ("dbname=shop password=abc host=x", "dbname=shop password=[Filtered] host=x"),
        ("?api_key=abc&page=2", "?api_key=[Filtered]&page=2"),
        ("password: hunter22secret", "password: [Filtered]"),
        ("password = hunter22", "password = [Filtered]"),
        ("token == 'abc'", "token == '[Filtered]'"),
        ("password=ab,cdSECRET", "password=[Filtered]"),
        ("f(token=abc,user=x)", "f(token=[Filtered],user=x)"),
        ("['password=abc','next']", "['password=[Filtered]','next']"),
        ("DB_PASSWORD=abc}SECRET", "DB_PASSWORD=[Filtered]"),
        ("AWS_SECRET_ACCESS_KEY=AKIA123456", "AWS_SECRET_ACCESS_KEY=[Filtered]"),
        ("Server=db;Uid=sa;Pwd=hunter22;", "Server=db;Uid=sa;Pwd=[Filtered];"),
        ('{"password": "a\\"bSECRET", "a": 1}', '{"password": "[Filtered]", "a": 1}'),
        ('{\\"password\\": \\"a\\\\\\"bSECRET\\"}', '{\\"password\\": \\"[Filtered]\\"}'),
        ("postgres://u:p@ssw0rd@host/db", "postgres://[Filtered]@host/db"),
        ("redis://:hunter22@cache:6379/0", "redis://[Filtered]@cache:6379/0"),
        ("Authorization: ApiKey 8374837483748374", "Authorization: ApiKey [Filtered]"),
        ("<a:password x='1'>abc</a:password>", "<a:password x='1'>[Filtered]</a:password>"),
        ("AKIAIOSFODNN7EXAMPLE ghp_abcdefghijklmnopqrstuvwxyz0123456789", "[Filtered] [Filtered]"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END",
            "-----BEGIN RSA PRIVATE KEY-----[Filtered]-----END",
        ),
        ("password: Field required", "password: Field required"),
        (
            "token_type=x keywords: orders1 monkey=abc1234",
            "token_type=x keywords: orders1 monkey=abc1234",
        ),
        ("Unexpected token: 'x'", "Unexpected token: 'x'"),
        ("KeyError: 'price'", "KeyError: 'price'"),
        ("Unexpected token: x", "Unexpected token: x"),
        ("'token' is a required property", "'token' is a required property"),
        ('{"password": {"type": "string"}}', '{"password": {"type": "string"}}'),
    ],
)
def test_what_shows_by_its_looks(text: str, shown: str) -> None:
    """A scheme before it, a name beside it; an ordinary message is left alone."""
    assert masked(text) == shown
    assert masked(shown) == shown
