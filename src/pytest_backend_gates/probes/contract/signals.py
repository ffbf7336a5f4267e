"""Exceptions that a framework answers with a 500 by itself, and tells of by a signal: Flask and Django."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from pytest_backend_gates.probes.contract.serving import CASE_HEADER, Traffic


@contextmanager
def heard(traffic: Traffic) -> Iterator[None]:
    """Keep in *traffic* what the application raises and its framework catches."""
    with ExitStack() as connected:
        for name, listen in (("flask", _flask), ("django.core.signals", _django)):
            if name in sys.modules:  # what the application did not import it does not use
                connected.callback(listen(traffic.crashes.setdefault))
        yield


def _flask(tell: Callable[[str, BaseException], object]) -> Callable[[], object]:
    from flask import got_request_exception, request

    def told(_: object, exception: BaseException, **__: object) -> None:
        tell(request.headers.get(CASE_HEADER, ""), exception)

    got_request_exception.connect(told)
    return lambda: got_request_exception.disconnect(told)


def _django(tell: Callable[[str, BaseException], object]) -> Callable[[], object]:
    from django.core.signals import got_request_exception

    def told(request: Any, **_: object) -> None:  # noqa: ANN401  of a module that is imported late
        error = sys.exc_info()[1]
        if error is not None:
            tell(request.headers.get(CASE_HEADER, ""), error)

    got_request_exception.connect(told, weak=False)
    return lambda: got_request_exception.disconnect(told)
