"""Passwords and tokens: what is kept of them, and how they are checked."""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode

# One derivation with 2**13 takes 8 MiB and about 15 ms of a free core, a fifth of the 80 ms that POST /tokens may
# take. That is a compromise: for passwords worth more, OWASP advises 2**17 and a login takes a quarter of a
# second. Every stored hash names its own cost, so raising this number invalidates none of them.
SCRYPT_N = 2**13
SCRYPT_R = 8
SCRYPT_P = 1
SALT_BYTES = 16
TOKEN_BYTES = 32


def hash_password(password: str) -> str:
    """Return what is stored for a password: `scrypt$n$r$p$salt$key`, the last two in base64."""
    salt = secrets.token_bytes(SALT_BYTES)
    key = _derive(password, salt, SCRYPT_N, SCRYPT_R, SCRYPT_P)
    fields = ["scrypt", SCRYPT_N, SCRYPT_R, SCRYPT_P, b64encode(salt).decode(), b64encode(key).decode()]
    return "$".join(map(str, fields))


def password_matches(password: str, stored: str) -> bool:
    """Tell whether `stored` was made from this password, in the same time whichever byte differs."""
    _, n, r, p, salt, key = stored.split("$")
    derived = _derive(password, b64decode(salt), int(n), int(r), int(p))
    return hmac.compare_digest(derived, b64decode(key))


def new_token() -> str:
    """Make a bearer token that nobody can guess."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_digest(token: str) -> str:
    """Return what is stored for a token. A token is random, so one round of a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def _derive(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    memory = 2 * 128 * n * r * p  # OpenSSL needs 128 * n * r and a little, and refuses above `maxmem`
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=memory)
