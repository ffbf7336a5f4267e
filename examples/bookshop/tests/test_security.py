"""Passwords and tokens."""

import pytest

from bookshop.security import SCRYPT_N, hash_password, new_token, password_matches, token_digest


def test_a_password_matches_its_own_hash_only(password: str) -> None:
    """One character more or in another case is another password."""
    stored = hash_password(password)

    assert password_matches(password, stored)
    assert not password_matches(password + "x", stored)
    assert not password_matches(password.swapcase(), stored)


def test_hashes_made_at_another_cost_stay_valid(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    """Raising the cost changes new hashes and leaves those in the database usable."""
    old = hash_password(password)
    monkeypatch.setattr("bookshop.security.SCRYPT_N", 2 * SCRYPT_N)
    new = hash_password(password)

    assert old.split("$")[1] != new.split("$")[1]
    assert password_matches(password, old)
    assert password_matches(password, new)


def test_a_password_may_be_in_any_script() -> None:
    """What is hashed is the text in UTF-8."""
    words = "правильная лошадь 電池"

    assert password_matches(words, hash_password(words))


def test_tokens_are_long_and_differ() -> None:
    """A token has 32 random bytes, so a hundred of them never meet."""
    tokens = {new_token() for _ in range(100)}

    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 43


def test_a_digest_is_stable_and_is_not_the_token() -> None:
    """The digest finds the token's row again and does not contain the token."""
    token = new_token()

    assert token_digest(token) == token_digest(token)
    assert token not in token_digest(token)
