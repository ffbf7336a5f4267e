"""Which subjects a threshold's selector means.

A selector is a list of globs: ``*`` matches within a path segment, ``**`` across segments, ``**/`` at the
beginning of a segment any number of whole segments (also none), and everything else matches itself. A glob
without ``::`` means all blocks of the files that it matches.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, product, zip_longest

_WILDCARDS = re.compile(r"(?:^|(?<=/))\*\*/|\*\*|\*")
_WITHIN_SEGMENT = re.compile(r"(?<!\*)\*(?!\*)")
#: What stands for a wildcard of the covered glob: characters that no path contains.
_ONE_SEGMENT, _MANY_SEGMENTS = "\0", "\1"
_TO_REGEX = {"**/": "(?:.*/)?", "**": ".*", "*": f"[^/{_MANY_SEGMENTS}]*"}
#: ``**/`` may also stand for nothing, where another glob may want its slash.
_TO_INSTANCES = {"**/": (f"{_MANY_SEGMENTS}/", ""), "**": (_MANY_SEGMENTS,), "*": (_ONE_SEGMENT,)}


def matches(globs: Sequence[str], subject: str) -> bool:
    """Whether any of *globs* means *subject*. No globs at all mean everything."""
    if not globs:
        return True
    files, blocks = _compiled(tuple(globs))
    if files and files.fullmatch(subject.partition("::")[0]):
        return True
    return blocks is not None and blocks.fullmatch(subject) is not None


def selection(globs: Sequence[str], subjects: Iterable[str]) -> frozenset[str]:
    """Return those of *subjects* that any of *globs* means; the blocks of a file are matched as that file once."""
    if not globs:
        return frozenset(subjects)
    files, blocks = _compiled(tuple(globs))
    paths = {subject: subject.partition("::")[0] for subject in subjects}
    in_files = set(filter(files.fullmatch, set(paths.values()))) if files else ()
    in_blocks = filter(blocks.fullmatch, paths) if blocks else ()
    return frozenset(chain((subject for subject, path in paths.items() if path in in_files), in_blocks))


def widened(globs: Sequence[str], subjects: Iterable[str]) -> tuple[str, str] | None:
    """Return one of *globs*, and with ``**`` for its ``*``, if that means any of *subjects*."""
    wider = ((glob, _WITHIN_SEGMENT.sub("**", glob)) for glob in globs)
    known = list(subjects)
    return next(((glob, wide) for glob, wide in wider if wide != glob and selection((wide,), known)), None)


def covers(outer: Sequence[str], inner: Sequence[str]) -> bool:
    """Whether every subject that *inner* can match is surely matched by *outer* too.

    Sound but not complete: each glob of *inner* must lie within a single glob of *outer*. A glob lies
    within another when the other matches its text, each wildcard replaced by a character that only an
    equally wide wildcard accepts.
    """
    return all(any(_lies_within(glob, other) for other in outer or ("**",)) for glob in inner or ("**",))


def _lies_within(inner: str, outer: str) -> bool:
    return all(matches((outer,), instance) for instance in _instances(inner))


def _instances(glob: str) -> Iterator[str]:
    texts = _WILDCARDS.split(glob)
    choices = product(*(_TO_INSTANCES[wildcard] for wildcard in _WILDCARDS.findall(glob)))
    return ("".join(chain(*zip_longest(texts, choice, fillvalue=""))) for choice in choices)


@lru_cache(maxsize=1024)
def _compiled(globs: tuple[str, ...]) -> tuple[re.Pattern[str] | None, re.Pattern[str] | None]:
    """Return what the globs of files match, and those of blocks: one pattern each, for speed."""
    files = [_to_regex(glob) for glob in globs if "::" not in glob]
    blocks = [_to_regex(glob) for glob in globs if "::" in glob]
    return _one_of(files), _one_of(blocks)


def _one_of(regexes: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(regexes), re.DOTALL) if regexes else None


def _to_regex(glob: str) -> str:
    parts, end = [], 0
    for wildcard in _WILDCARDS.finditer(glob):
        parts += [re.escape(glob[end : wildcard.start()]), _TO_REGEX[wildcard.group()]]
        end = wildcard.end()
    return "".join(parts) + re.escape(glob[end:])
