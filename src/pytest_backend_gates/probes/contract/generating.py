"""What else the generator would look at, besides the schema and the seed, and must not, or need not."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any


@contextmanager
def own_profile() -> Iterator[None]:
    """Generate under hypothesis's own defaults, whatever profile the project has loaded for its tests."""
    import hypothesis

    name, loaded = "backend-gates", hypothesis.settings.get_current_profile_name()
    hypothesis.settings.register_profile(name, hypothesis.settings.get_profile("default"))
    hypothesis.settings.load_profile(name)
    try:
        yield
    finally:
        hypothesis.settings.load_profile(loaded)


@contextmanager
def no_local_constants() -> Iterator[None]:
    """Keep hypothesis from drawing on the constants in whatever project modules happen to be imported.

    They would make the requests depend on which tests ran in this process. A release that does not look,
    or looks elsewhere, is left as it is.
    """
    from hypothesis.internal.conjecture import providers

    names = ("_get_local_constants", "CONSTANTS_CACHE", "Constants")
    if not all(hasattr(providers, name) for name in names):
        yield
        return
    before = {name: getattr(providers, name) for name in names}
    nothing = before["Constants"]()
    cache = type(before["CONSTANTS_CACHE"])(1024)  # what it holds was filtered from the constants seen so far
    try:
        providers._get_local_constants = lambda: nothing  # noqa: SLF001  there is no setting for it
        providers.CONSTANTS_CACHE = cache
        yield
    finally:
        providers._get_local_constants = before["_get_local_constants"]  # noqa: SLF001  as above
        providers.CONSTANTS_CACHE = before["CONSTANTS_CACHE"]


@contextmanager
def utf8_at_once() -> Iterator[None]:
    """Tell hypothesis which characters UTF-8 encodes: all but surrogates.

    It would try a million of them, for some seconds of the first operation's time, in every process that finds
    no answer in a folder ``.hypothesis``: in CI. A release that asks in another way is left as it is.
    """
    charmap: Any = import_module("hypothesis.internal.charmap")
    ask: Any = getattr(charmap, "intervals_from_codec", None)
    told = getattr(ask, "__annotations__", {}).get("return")
    if told not in (charmap.IntervalSet, tuple[charmap.IntervalSet, charmap.IntervalSet]):
        yield
        return

    def answer(codec: str) -> Any:  # noqa: ANN401  as hypothesis's own
        if codec != "utf-8":
            return ask(codec)
        encoded = charmap.query(categories=[one for one in charmap.categories() if one != "Cs"])
        return encoded if told is charmap.IntervalSet else (encoded, charmap.IntervalSet())

    try:
        charmap.intervals_from_codec = answer
        yield
    finally:
        charmap.intervals_from_codec = ask
