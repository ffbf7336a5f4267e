"""Where live requests are observed: one file a kind of framework.

A tap is installed only once the project itself has imported its framework, and what it does around a
request never changes what the test sees.
"""

from collections.abc import Callable
from typing import ClassVar, Final, Protocol

from pytest_backend_gates.taps.django import DjangoTap
from pytest_backend_gates.taps.httpx import Httpx2Tap, HttpxTap
from pytest_backend_gates.taps.litestar import LitestarTap
from pytest_backend_gates.taps.ninja import NinjaTap
from pytest_backend_gates.taps.receiving import DjangoReceiving, Httpx2Receiving, HttpxReceiving
from pytest_backend_gates.taps.recording import Recorder
from pytest_backend_gates.taps.requests import RequestsTap
from pytest_backend_gates.taps.starlette import FastAPITap, StarletteTap
from pytest_backend_gates.taps.wsgi import FlaskTap


class Tap(Protocol):
    """What every tap offers."""

    #: The framework, as it is named in messages.
    name: ClassVar[str]
    #: The module whose presence in ``sys.modules`` means that the project uses the framework.
    module: ClassVar[str]

    def install(self, recorder: Recorder) -> None:
        """Observe every request from now on, also those to applications that exist already.

        Raises whatever a framework of an unknown version makes it raise; :meth:`uninstall` follows then.
        """

    def check(self) -> None:
        """Raise if requests are not observed any more, at the end of the session; say why."""

    def uninstall(self) -> None:
        """Restore what :meth:`install` replaced, also after it failed half-way."""


#: The built-in taps. Starlette stands before FastAPI, which is built on it.
TAPS: Final[tuple[Callable[[], Tap], ...]] = (
    StarletteTap,
    FastAPITap,
    LitestarTap,
    FlaskTap,
    DjangoTap,
    NinjaTap,
)

#: The taps of clients, which observe what is sent to a server at the base URL.
CLIENTS: Final[tuple[Callable[[], Tap], ...]] = (HttpxTap, Httpx2Tap, RequestsTap)

#: The taps of clients that tell whether what was answered has reached them.
RECEIVERS: Final[tuple[Callable[[], Tap], ...]] = (HttpxReceiving, Httpx2Receiving, DjangoReceiving)
