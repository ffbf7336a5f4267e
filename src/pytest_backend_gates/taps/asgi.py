"""Requests to ASGI applications: the clock runs from ``__call__`` until the last body message is handed to ``send``."""

from functools import wraps
from typing import TYPE_CHECKING, Final

from pytest_backend_gates.taps.asking import asked
from pytest_backend_gates.taps.observation import Lookup, Observation
from pytest_backend_gates.taps.patching import Method
from pytest_backend_gates.taps.receiving import expect
from pytest_backend_gates.taps.recording import Recorder
from pytest_backend_gates.taps.replies import Reply
from pytest_backend_gates.taps.sending import Received, Sending

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Message, Receive, Scope, Send

    AppCall = Callable[[object, Scope, Receive, Send], Awaitable[None]]
    Asking = Callable[[Observation, Scope], Lookup]


#: A part of a body that the server reads from a file itself.
_SENT_BY_SERVER: Final = "http.response.zerocopysend"
#: Messages that carry a body, or a part of it.
_BODIES: Final = ("http.response.body", _SENT_BY_SERVER)


def observing(recorder: Recorder, tap: str, original: "AppCall", lookup: "Asking | None" = None) -> Method:
    """Observe the requests to the applications whose ``__call__`` is *original*.

    *lookup* is for frameworks that can only be asked which route they have chosen.
    """

    @wraps(original)
    async def call(app: object, scope: "Scope", receive: "Receive", send: "Send") -> None:
        observation = recorder.attempt(tap, _begin, recorder, app, scope, lookup)
        if observation is None:
            asks_anew = recorder.attempt(tap, _asks_anew, recorder, scope)
            answering = original(app, scope, receive, send)
            await (_asked(answering) if asks_anew else answering)
            return

        # No coroutine of its own: one more to be awaited would cost as much as what is seen here.
        def observed_send(message: "Message") -> "Awaitable[None]":
            try:
                _see(recorder, observation, message)
            except Exception as fault:  # noqa: BLE001  see Faults.attempt
                recorder.note_fault(tap, fault)
            return send(message)

        token = recorder.current.set(observation)
        observation.resume()
        try:
            await original(app, scope, receive, observed_send)
        except BaseException as error:
            if observation.done:
                recorder.attempt(tap, _fail_late, recorder, observation, error)
            else:
                observation.note_exception(type(error))
            raise
        finally:
            if not observation.done:
                recorder.attempt(tap, _end_unfinished, recorder, observation)
            recorder.leave(token)
            recorder.attempt(tap, recorder.end, observation)

    return call


def _begin(recorder: Recorder, app: object, scope: "Scope", lookup: "Asking | None") -> Observation | None:
    if scope["type"] != "http":
        return None
    observation = recorder.begin(scope["method"])
    if observation is None:
        _go_inside(recorder, app, scope, lookup)
        return None
    observation.lasts = True
    if recorder.sending is not None:
        _arrive(recorder.sending, scope)
    if recorder.keeping:
        recorder.enter(app, observation)
    if observation.reply is not None:
        observation.reply.path = _routed(scope)
        expect(observation.reply)
    if lookup is not None:
        observation.lookup = lookup(observation, scope)
    return observation


def _routed(scope: "Scope") -> str:
    path: str = scope["path"]
    root = scope.get("root_path", "").rstrip("/")  # which servers put before the path or leave out
    return path[len(root) :] if f"{path}/".startswith(f"{root}/") else path


def _go_inside(recorder: Recorder, app: object, scope: "Scope", lookup: "Asking | None") -> None:
    """Note that a request was handed on to *app*, unless it is asked by what answers that request."""
    if _asks_anew(recorder, scope):
        return
    recorder.hand_on()
    if recorder.keeping:
        recorder.enter(app, recorder.handed_on(scope.get("app")))
    unnamed = recorder.unnamed()
    if lookup is not None and unnamed is not None:
        unnamed.lookup = lookup(unnamed, scope)


def _asks_anew(recorder: Recorder, scope: "Scope") -> bool:
    """Whether a client asks from within a request: applications that hand one on are in its scope.

    Those of WSGI are not; what they hand on is asked for by the end of their own path.
    """
    outer = recorder.serving()
    if outer is None or scope["type"] != "http" or "app" in scope:
        return False
    return outer.path_info is None or not outer.path_info.endswith(scope["path"])


async def _asked(answering: "Awaitable[None]") -> None:
    with asked():
        await answering


def _arrive(sending: Sending, scope: "Scope") -> None:
    hosts = (value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"host")
    _, port = scope.get("server") or ("", "")
    root = scope.get("root_path", "")
    sending.arrived(Received(scope["method"], next(hosts, ""), str(port), scope["path"], root))


def _see(recorder: Recorder, observation: Observation, message: "Message") -> None:
    kind = message["type"]
    if kind == "http.response.start":
        observation.status = message["status"]
    last_body = kind in _BODIES and not message.get("more_body", False)
    if observation.reply is not None:
        _keep(observation.reply, message, last=last_body)
    if last_body or kind == "http.response.pathsend":
        observation.cut = False  # whatever was cut short inside
        _end(recorder, observation)


def _keep(reply: Reply, message: "Message", *, last: bool) -> None:
    if message["type"] == "http.response.start":
        reply.begin(message.get("headers", ()))
    elif message["type"] == "http.response.body":
        reply.add(message.get("body", b""))
    elif message["type"] == _SENT_BY_SERVER:
        reply.forget()
    if last:
        reply.end()


def _end(recorder: Recorder, observation: Observation) -> None:
    if not observation.done:
        observation.pause()
        recorder.finish(observation)


def _fail_late(recorder: Recorder, observation: Observation, error: BaseException) -> None:
    if observation.reply is not None:
        observation.reply.late = id(error)
    recorder.fail_late(observation, type(error))


def _end_unfinished(recorder: Recorder, observation: Observation) -> None:
    """End a request whose application is over and its response is not whole.

    One that has begun to answer and returns has been told that the client is gone.
    """
    if observation.raised is None and not observation.cut:
        observation.silent = observation.status is None
        observation.cut = not observation.silent
    _end(recorder, observation)
