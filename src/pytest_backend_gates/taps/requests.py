"""Requests that the library of this name sends to the server, over its adapter for the network."""

from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pytest_backend_gates.taps.patching import Method, Patching
from pytest_backend_gates.taps.recording import Recorder
from pytest_backend_gates.taps.sending import Exchange

if TYPE_CHECKING:
    from requests import PreparedRequest, Response
    from requests.adapters import HTTPAdapter

#: Headers that say how the body was sent: it is read unpacked.
_OF_PACKING: Final = ("content-encoding", "content-length")
#: Where a response keeps what observes it.
_EXCHANGE: Final = "_backend_gates_exchange"


class RequestsTap(Patching):
    """Observes what ``requests`` sends: by its functions, and by sessions."""

    name: ClassVar[str] = "requests"
    module: ClassVar[str] = "requests.adapters"

    def install(self, recorder: Recorder) -> None:
        """Patch the adapter, and where a response is read: its other methods all ask these two."""
        from requests.adapters import HTTPAdapter
        from requests.models import Response

        self._patches.replace(Response, "iter_content", _reading)
        self._patches.replace(Response, "close", _closing)
        self._patches.replace(HTTPAdapter, "send", partial(_sending, recorder, self.name))

    def uninstall(self) -> None:
        """Restore the three."""
        self._patches.undo()


def _sending(recorder: Recorder, tap: str, original: "Callable[..., Response]") -> Method:
    @wraps(original)
    def send(adapter: "HTTPAdapter", request: "PreparedRequest", *rest: Any, **named: Any) -> "Response":  # noqa: ANN401  the adapter's business
        exchange = recorder.attempt(tap, _begin, recorder, tap, request)
        if exchange is None:
            return original(adapter, request, *rest, **named)
        with exchange:
            response = original(adapter, request, *rest, **named)
        recorder.attempt(tap, _follow, exchange, response)
        return response

    return send


def _begin(recorder: Recorder, tap: str, request: "PreparedRequest") -> Exchange | None:
    sending = recorder.sending
    if sending is None or request.method is None or request.url is None:
        return None
    return sending.begin(recorder, tap, request.method, request.url)


def _follow(exchange: Exchange, response: "Response") -> None:
    headers = list(response.raw.headers.items())
    if any(name.lower() == _OF_PACKING[0] for name, _ in headers):
        headers = [pair for pair in headers if pair[0].lower() not in _OF_PACKING]
    exchange.answered(response.status_code, headers)
    vars(response)[_EXCHANGE] = exchange


def _reading(original: "Callable[..., Iterator[Any]]") -> Method:
    @wraps(original)
    def iter_content(response: "Response", *rest: Any, **named: Any) -> Iterator[Any]:  # noqa: ANN401  the response's business
        pieces = original(response, *rest, **named)
        exchange: Exchange | None = vars(response).get(_EXCHANGE)
        return pieces if exchange is None else exchange.pieces(pieces)

    return iter_content


def _closing(original: "Callable[[Response], None]") -> Method:
    @wraps(original)
    def close(response: "Response") -> None:
        exchange: Exchange | None = vars(response).get(_EXCHANGE)
        if exchange is not None:
            exchange.leave()
        original(response)

    return close
