"""What shows a credential by its looks, or by the name beside it, in any text: nothing has to be known of it.

A pattern begins at a word that gives it away and never before: a text of any length costs a time in proportion.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

#: What stands for a credential.
MASK: Final = "[Filtered]"
#: So much of a credential gives it away, where a long line was cut.
TELLING: Final = 6

#: What the name of a credential ends with. In prose such a word may stand for itself.
_NAME: Final = r"""(?:passwd|password|passphrase|pwd|secret|token|credential|session[_-]?id
    |(?:api|access|account|private|secret|signing|encryption)[_-]?key)s?"""
_EQUALS: Final = r"""(?: (?:\\?["'])? [ \t]* =[=>]? [ \t]* | \\?["'] [ \t]* : [ \t]* )"""
_COLON: Final = r"[ \t]*:[ \t]*"
#: In quotes, which may be escaped themselves: with escaped quotes inside, and perhaps cut off.
_QUOTED: Final = r"""(?: (?P<escaped>\\["']) (?: \\\\(?:\\.|.) | (?!(?P=escaped)). ){LEAST,}
    | (?P<quote>["']) (?: \\. | (?!(?P=quote))[^\\\n] ){LEAST,} )"""
#: Without quotes. What mostly ends a value is part of it where a word goes on behind it.
_BARE: Final = r"""[^\s"'&,;)}\]\[{<\\]
    (?: [^\s"'&,;)}\]\[{<\\] | [)}\]\[{<"'](?=\w) | \\(?!["']) | ,(?!\s|[\w-]+\s*[=:]|\\?["']|$) )*"""
#: What is hardly a word: it holds a digit or a sign, or a capital letter inside.
_UNLIKE_A_WORD: Final = r"""(?= [^\s,;"']*(?:[\d!\#$%^&*+=@]|[a-z][A-Z]) ) (?=[^\s,;"']{6})"""


def _quoted(least: int) -> str:
    return _QUOTED.replace("LEAST", str(least))


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.VERBOSE)


#: The (?-i:) brings the difference of letters back that IGNORECASE takes away.
_CAREFUL: Final = _UNLIKE_A_WORD.replace("[a-z][A-Z]", "(?-i:[a-z][A-Z])")
_NAMED: Final = (
    _pattern(rf"(?P<name> {_NAME} {_EQUALS} ) (?: {_quoted(1)} | {_BARE} )"),
    _pattern(rf"(?P<name> {_NAME} {_COLON} ) (?: {_quoted(TELLING)} | {_CAREFUL} {_BARE} )"),
    _pattern(
        rf"""(?P<name> authorization \\?["']? [ \t]*[:=][ \t]* \[? (?:\\?["'])? (?:\w+[ ])? )
             (?P<escaped>) (?P<quote>) (?=[^\s,;"']*\d) {_BARE}"""
    ),
)
_ELEMENT: Final = _pattern(rf"(?P<name> <[\w.:-]*{_NAME} (?:\s[^<>]*)? > ) [^<]+ (?=</)")
#: To the last @ before the path: the password may hold one.
_USERINFO: Final = re.compile(r"""(?<=://)[^/\s"'<>]+@""")
#: What is a token by its looks: nothing that was sent or returned may have held it.
_TOKENS: Final = (
    re.compile(r"(?<=Bearer )[\w.~+/-]{8,}=*|(?<=Basic )[\w+/]{8,}=*", re.IGNORECASE),
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"),
    re.compile(
        r"\b(?:[spr]k_(?:live|test)_\w{8,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}"
        r"|xox[abprs]-[\w-]{10,}|(?:AKIA|ASIA)[0-9A-Z]{16}\b)"
    ),
    re.compile(r"(?<=PRIVATE KEY-----)[^-]+"),
)
_CUT: Final = re.compile(r" ?\.\.\.| // Output truncated")


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """Return *text* without the *secrets*, also where a long line cut one off, without what is a token by its
    looks or by its name, and without a name and password in an address.
    """
    known = sorted(set(secrets), key=lambda one: (-len(one), one))
    for secret in known:
        text = text.replace(secret, MASK)
    text = _without_beginnings(text, known)
    for pattern in _TOKENS:
        text = pattern.sub(MASK, text)
    for pattern in _NAMED:
        text = pattern.sub(_masked_value, text)
    text = _ELEMENT.sub(rf"\g<name>{MASK}", text)
    return _USERINFO.sub(f"{MASK}@", text)


def _masked_value(found: re.Match[str]) -> str:
    return f"{found['name']}{found['escaped'] or found['quote'] or ''}{MASK}"


def _without_beginnings(text: str, secrets: Sequence[str]) -> str:
    """Return *text* without what is left of *secrets* where it was cut."""
    for cut in reversed(list(_CUT.finditer(text))):
        before = text[: cut.start()]
        for secret in secrets:
            start = before.rfind(secret[:TELLING])
            if start >= 0 and len(secret) > TELLING and secret.startswith(before[start:]):
                before = f"{before[:start]}{MASK}"
        text = before + text[cut.start() :]
    return text
