"""Requests to WSGI applications, and the tap of Flask.

The clock runs inside the application's ``__call__`` and inside each ``next()`` of the body: what the client does
between two chunks is not the server's time, and neither is ``close()``.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from functools import lru_cache, partial, wraps
from typing import TYPE_CHECKING, Any, ClassVar, cast

from pytest_backend_gates.taps.asking import ASKED, asked
from pytest_backend_gates.taps.observation import Observation
from pytest_backend_gates.taps.patching import Method, Patching
from pytest_backend_gates.taps.recording import Recorder
from pytest_backend_gates.taps.replies import Reply
from pytest_backend_gates.taps.sending import Headers, Received, Sending
from pytest_backend_gates.taps.stretches import Body, Stretch

if TYPE_CHECKING:
    from types import CodeType

    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from flask import Request, Response
    from werkzeug.local import LocalProxy

    Write = Callable[[bytes], object]
    AppCall = Callable[[object, WSGIEnvironment, StartResponse], Iterable[bytes]]

#: A variable of a werkzeug rule: ``<id>``, ``<int:id>``, ``<any(a, b):id>``.
_VARIABLE = re.compile(r"<(?:[a-zA-Z_]\w*(?:\(.*?\))?:)?([a-zA-Z_]\w*)>")


class UnseenError(Exception):
    """A request came in past the tap."""

    def __init__(self) -> None:
        super().__init__(
            "a request came in by app.wsgi_app as something held it before it could be observed, and was not seen;"
            " build what holds it in a fixture"
        )


class FlaskTap(Patching):
    """Observes Flask applications."""

    name: ClassVar[str] = "Flask"
    module: ClassVar[str] = "flask.app"

    def install(self, recorder: Recorder) -> None:
        """Patch the application, what of it middleware may hold, and where it dispatches a request that was routed."""
        from flask import Flask
        from werkzeug.wsgi import ClosingIterator

        def is_flasks(_: Flask, body: Iterable[bytes]) -> bool:
            return type(body) is ClosingIterator

        unseen = getattr(Flask.wsgi_app, "__code__", None)
        self._patches.replace(Flask, "wsgi_app", partial(_by_itself, recorder, self.name, is_flasks))
        made_by_flask = Flask.wsgi_app

        def hands_on(app: Flask, body: Iterable[bytes]) -> bool:
            # Middleware in the place of ``wsgi_app``, or a class that overrides it, may have made another body.
            made = getattr(app.wsgi_app, "__func__", None)
            return type(body) is ClosingIterator and made is made_by_flask

        self._patches.replace(Flask, "__call__", partial(observing, recorder, self.name, hands_on=hands_on))
        self._patches.replace(Flask, "full_dispatch_request", partial(_naming, recorder, self.name, unseen))

    def uninstall(self) -> None:
        """Restore the three."""
        self._patches.undo()


def observing(
    recorder: Recorder,
    tap: str,
    original: "AppCall",
    hands_on: Callable[[Any, Iterable[bytes]], bool] | None = None,
) -> Method:
    """Observe the requests to the applications whose ``__call__`` is *original*.

    *hands_on* says whether an application's body is that of the response that its framework has made.
    """

    @wraps(original)
    def call(app: object, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        observation = recorder.attempt(tap, _begin, recorder, app, environ)
        if observation is None:
            with asked() if recorder.attempt(tap, _asks_anew, recorder, environ) else nullcontext():
                return original(app, environ, start_response)

        def observed_start(status: str, *rest: Any, **named: Any) -> "Write":  # noqa: ANN401  the server's business
            recorder.attempt(tap, _see_start, observation, status, rest, named)
            write = start_response(status, *rest, **named)
            return write if observation.reply is None else _keeping(recorder, tap, observation.reply, write)

        with Stretch(recorder, tap, observation) as stretch:
            body = original(app, environ, observed_start)
        if observation.whole is not None and hands_on is not None and hands_on(app, body):
            recorder.attempt(tap, _all_there, recorder, observation, observation.whole)
            return body
        observed = recorder.attempt(tap, _observed, recorder, stretch, observation, environ, body)
        return body if observed is None else observed

    return call


def _by_itself(
    recorder: Recorder, tap: str, is_flasks: Callable[[Any, Iterable[bytes]], bool], original: "AppCall"
) -> Method:
    """Observe what comes in by ``wsgi_app`` and not by the application: ``ProxyFix(app.wsgi_app)`` around it."""
    observed: AppCall = observing(recorder, tap, original, is_flasks)
    current = recorder.current.get

    @wraps(original)
    def wsgi_app(app: object, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        served = current()
        if served is None or served.done:
            return observed(app, environ, start_response)
        return original(app, environ, start_response)

    return wsgi_app


def _see_start(
    observation: Observation, status: str, rest: tuple[Any, ...], named: Mapping[str, Any]
) -> None:
    observation.status = int(status[:3])
    if observation.reply is not None:
        observation.reply.begin(rest[0] if rest else _headers_by_name(named))


def _keeping(recorder: Recorder, tap: str, reply: Reply, write: "Write") -> "Write":
    """Return *write*, which an application may send its body with, or the beginning of it."""

    def observed_write(chunk: bytes) -> object:
        recorder.attempt(tap, reply.add, chunk)
        return write(chunk)

    return observed_write


def _headers_by_name(named: Mapping[str, Any]) -> Headers:
    """Return the headers, which every server calls as it likes: they are the only argument besides ``exc_info``."""
    return next((value for name, value in named.items() if name != "exc_info"), ())


def _begin(recorder: Recorder, app: object, environ: "WSGIEnvironment") -> Observation | None:
    observation = recorder.begin(environ["REQUEST_METHOD"])
    path = environ.get("PATH_INFO", "")
    if observation is not None:
        observation.path_info, observation.source = path, id(environ.get("wsgi.input"))
        # What a dispatcher that is no application of ours has cut off the path.
        observation.prefix = observation.native_prefix = environ.get("SCRIPT_NAME", "")
        if observation.reply is not None:
            observation.reply.path = _decoded(observation.prefix + path)
        if recorder.sending is not None:
            _arrive(recorder.sending, environ)
    elif not _asks_anew(recorder, environ):
        recorder.hand_on()
        _enter_mounted(recorder, path)
    if recorder.keeping:
        _enter(recorder, app, observation, environ)
    return observation


def _asks_anew(recorder: Recorder, environ: "WSGIEnvironment") -> bool:
    """Whether a client asks from within a request: what is handed on keeps its input."""
    outer = recorder.serving()
    return outer is not None and outer.source not in (None, id(environ.get("wsgi.input")))


def _arrive(sending: Sending, environ: "WSGIEnvironment") -> None:
    path = _decoded(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))
    host, port = environ.get("HTTP_HOST", ""), environ.get("SERVER_PORT", "")
    sending.arrived(Received(environ["REQUEST_METHOD"], host, port, path))


def _decoded(path: str) -> str:
    return path.encode("latin-1").decode(errors="replace")


def _enter(
    recorder: Recorder, app: object, observation: Observation | None, environ: "WSGIEnvironment"
) -> None:
    outer = recorder.serving()
    is_handed_on = outer is not None and outer.source == id(environ.get("wsgi.input"))
    recorder.enter(app, observation or (outer if is_handed_on else None))


def _enter_mounted(recorder: Recorder, path: str) -> None:
    outer = recorder.serving()
    if outer is not None:
        # Mounted in a WSGI application, which has cut its own part off the path; mounts of an ASGI
        # application around both are in the prefix already.
        if outer.path_info is not None:
            mounted_at = outer.path_info.removesuffix(path) if outer.path_info.endswith(path) else ""
            outer.prefix += mounted_at
            outer.native_prefix += mounted_at
        outer.path_info = path


def _naming(recorder: Recorder, tap: str, unseen: "CodeType | None", original: Method) -> Method:
    """Name requests. What comes straight from the code that is *unseen* was held by somebody before it was observed."""
    from flask import request

    # Not the environ that the application was called with: middleware around ``wsgi_app`` may hand on a copy. And
    # each attribute of the proxy costs as much as all else here.
    current = cast("LocalProxy[Request]", request)._get_current_object  # noqa: SLF001  Werkzeug's documented way

    @wraps(original)
    def dispatch(*arguments: Any, **named: Any) -> object:  # noqa: ANN401  Flask's business
        observation = recorder.serving()
        if observation is None or ASKED.get():
            if observation is None and recorder.counting and _caller() is unseen is not None:
                recorder.note_fault(tap, UnseenError())
            return original(*arguments, **named)
        recorder.attempt(tap, _name, recorder, observation, current)
        try:
            response = original(*arguments, **named)
        finally:
            observation.whole = None  # of an application that this one was handed on to
        recorder.attempt(tap, _look_into, observation, response)
        return response

    return dispatch


def _caller() -> "CodeType | None":
    """Return the code that has called the caller of this."""
    frame = inspect.currentframe()
    for _ in range(2):
        frame = frame and frame.f_back
    return frame and frame.f_code


def _look_into(observation: Observation, response: "Response") -> None:
    """Note whether the body is there already, or made as it is read. What is inside is looked into before its own response."""
    if response.is_sequence and not response.direct_passthrough:
        observation.whole = response.iter_encoded
    observation.streams = inspect.isgenerator(response.response)


def _all_there(recorder: Recorder, observation: Observation, body: Callable[[], Iterable[bytes]]) -> None:
    if observation.reply is not None:
        _keep_all(observation.reply, body())
    recorder.finish(observation)


def _name(recorder: Recorder, observation: Observation, current: "Callable[[], Request]") -> None:
    request = current()
    rule = request.url_rule
    if rule is not None:
        recorder.claim(observation, request.method, _template(rule.rule), rule.rule)


@lru_cache(maxsize=4096)
def _template(rule: str) -> str:
    """Write a werkzeug rule with plain variables: ``/orders/<int:id>`` is ``/orders/{id}``."""
    return _VARIABLE.sub(r"{\1}", rule)


def _observed(
    recorder: Recorder,
    stretch: Stretch,
    observation: Observation,
    environ: "WSGIEnvironment",
    body: Iterable[bytes],
) -> Iterable[bytes]:
    """Return *body*, observed until its end if making it may still take time."""
    # A response of Django's is its own body, and says whether all of it is there.
    is_whole = not getattr(body, "streaming", True)
    if is_whole or hasattr(body, "__len__") or _is_file(environ, body):
        # It is all there; and servers treat lists and their own file wrapper in ways of their own.
        if observation.reply is not None and (is_whole or isinstance(body, list | tuple)):
            _keep_all(observation.reply, body)
        recorder.finish(observation)
        return body
    streams = observation.streams or getattr(body, "streaming", False)  # Flask's, or Django's
    recorder.await_reader(observation, streams=streams and observation.method != "HEAD")
    return Body(stretch, body)


def _keep_all(reply: Reply, body: Iterable[bytes]) -> None:
    for chunk in body:
        reply.add(chunk)
    reply.end()


def _is_file(environ: "WSGIEnvironment", body: Iterable[bytes]) -> bool:
    wrapper = environ.get("wsgi.file_wrapper")
    return isinstance(wrapper, type) and isinstance(body, wrapper)
