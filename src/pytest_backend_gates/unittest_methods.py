"""Tests of unittest, whose ``setUp``, ``tearDown`` and clean-ups pytest runs in the call phase.

They are its fixtures, and so only the test method itself is taken for the test. ``_callTestMethod`` is what
unittest itself overrides for asynchronous tests; it is there in Python 3.8 and later.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from unittest import IsolatedAsyncioTestCase, TestCase

_RUN = (TestCase.run, IsolatedAsyncioTestCase.run)


def has_fixtures_in_its_call(test: object) -> bool:
    """Whether *test* is run by unittest's own code; others, such as Twisted's, have a ``run`` of their own."""
    return isinstance(test, TestCase) and type(test).run in _RUN and hasattr(test, "_callTestMethod")


@contextmanager
def around_its_method(test: object, window: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
    """Enter *window* whenever the method of *test* runs, and leave it again before ``tearDown``."""
    original: Callable[[Callable[[], object]], None] = test._callTestMethod  # type: ignore[attr-defined]  # noqa: SLF001

    def call(method: Callable[[], object]) -> None:
        __tracebackhide__ = True
        with window():
            original(method)

    test._callTestMethod = call  # type: ignore[attr-defined]  # noqa: SLF001
    try:
        yield
    finally:
        del test._callTestMethod  # type: ignore[attr-defined]  # noqa: SLF001
