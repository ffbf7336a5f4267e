"""Requests to WSGI applications, and the tap of Flask.

The clock runs inside the application's ``__call__`` and inside each ``next()`` of the body: what the client does
between two chunks is not the server's time, and neither is ``close()``.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial, wraps
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from pytest_backend_gates.taps.patching import Method, Patching
from pytest_backend_gates.taps.recording import Observation, Recorder
from pytest_backend_gates.taps.replies import Reply
from pytest_backend_gates.taps.sending import Received, Sending

if TYPE_CHECKING:
    from types import TracebackType

    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from flask import Request, Response
    from werkzeug.local import LocalProxy

    Write = Callable[[bytes], object]
    AppCall = Callable[[object, WSGIEnvironment, StartResponse], Iterable[bytes]]

#: A variable of a werkzeug rule: ``<id>``, ``<int:id>``, ``<any(a, b):id>``.
_VARIABLE = re.compile(r"<(?:[a-zA-Z_]\w*(?:\(.*?\))?:)?([a-zA-Z_]\w*)>")


class FlaskTap(Patching):
    """Observes Flask applications."""

    name: ClassVar[str] = "Flask"
    module: ClassVar[str] = "flask.app"

    def install(self, recorder: Recorder) -> None:
        """Patch the application, and where it dispatches a request that has been routed."""
        from flask import Flask
        from werkzeug.wsgi import ClosingIterator

        wrap = partial(observing, recorder, self.name, carrier=ClosingIterator)
        self._patches.replace(Flask, "__call__", wrap)
        self._patches.replace(Flask, "full_dispatch_request", partial(_naming, recorder, self.name))

    def uninstall(self) -> None:
        """Restore both."""
        self._patches.undo()


def observing(
    recorder: Recorder, tap: str, original: "AppCall", carrier: type[Iterable[bytes]] | None = None
) -> Method:
    """Observe the requests to the applications whose ``__call__`` is *original*.

    *carrier* is the type of the bodies in which the framework hands on those that are whole, too.
    """

    @wraps(original)
    def call(app: object, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        observation = recorder.attempt(tap, _begin, recorder, app, environ)
        if observation is None:
            return original(app, environ, start_response)

        def observed_start(status: str, *rest: Any, **named: Any) -> "Write":  # noqa: ANN401  the server's business
            recorder.attempt(tap, _see_start, observation, status, rest)
            return start_response(status, *rest, **named)

        with Stretch(recorder, tap, observation) as stretch:
            body = original(app, environ, observed_start)
        # Middleware in the place of ``wsgi_app`` may have made another body of it.
        if observation.whole is not None and type(body) is carrier and "wsgi_app" not in vars(app):
            recorder.attempt(tap, _all_there, recorder, observation, observation.whole)
            return body
        observed = recorder.attempt(tap, _observed, recorder, stretch, observation, environ, body)
        return body if observed is None else observed

    return call


def _see_start(observation: Observation, status: str, rest: tuple[Any, ...]) -> None:
    observation.status = int(status[:3])
    if observation.reply is not None and rest:
        observation.reply.begin(rest[0])


def _begin(recorder: Recorder, app: object, environ: "WSGIEnvironment") -> Observation | None:
    observation = recorder.begin(environ["REQUEST_METHOD"])
    path = environ.get("PATH_INFO", "")
    if observation is None:
        _enter_mounted(recorder, path)
    else:
        observation.path_info = path
        if recorder.sending is not None:
            _arrive(recorder.sending, environ)
    if recorder.keeping:
        _enter(recorder, app, observation, environ)
    return observation


def _arrive(sending: Sending, environ: "WSGIEnvironment") -> None:
    path = (
        (environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))
        .encode("latin-1")
        .decode(errors="replace")
    )
    host, port = environ.get("HTTP_HOST", ""), environ.get("SERVER_PORT", "")
    sending.arrived(Received(environ["REQUEST_METHOD"], host, port, path))


def _enter(
    recorder: Recorder, app: object, observation: Observation | None, environ: "WSGIEnvironment"
) -> None:
    source = id(environ.get("wsgi.input"))
    if observation is not None:
        observation.source = source
    else:
        outer = recorder.serving()
        observation = outer if outer is not None and outer.source == source else None
    recorder.enter(app, observation)


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


def _naming(recorder: Recorder, tap: str, original: Method) -> Method:
    from flask import request

    # Not the environ that the application was called with: middleware around ``wsgi_app`` may hand on a copy. And
    # each attribute of the proxy costs as much as all else here.
    current = cast("LocalProxy[Request]", request)._get_current_object  # noqa: SLF001  Werkzeug's documented way

    @wraps(original)
    def dispatch(*arguments: Any, **named: Any) -> object:  # noqa: ANN401  Flask's business
        observation = recorder.serving()
        if observation is None:
            return original(*arguments, **named)
        recorder.attempt(tap, _name, recorder, observation, current)
        try:
            response = original(*arguments, **named)
        finally:
            observation.whole = None  # of a request that was made inside this one
        recorder.attempt(tap, _look_into, observation, response)
        return response

    return dispatch


def _look_into(observation: Observation, response: "Response") -> None:
    """Note whether the body is there already. What is made inside a request is looked into before its own response."""
    if response.is_sequence and not response.direct_passthrough:
        observation.whole = response.iter_encoded


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
    stretch: "Stretch",
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
    recorder.await_reader(observation)
    return Body(stretch, body)


def _keep_all(reply: Reply, body: Iterable[bytes]) -> None:
    for chunk in body:
        reply.add(chunk)
    reply.end()


def _is_file(environ: "WSGIEnvironment", body: Iterable[bytes]) -> bool:
    wrapper = environ.get("wsgi.file_wrapper")
    return isinstance(wrapper, type) and isinstance(body, wrapper)


class Stretch:
    """A stretch of the server's time; an exception, the end of the body included, ends the request."""

    __slots__ = ("_observation", "_recorder", "_tap", "_token")

    def __init__(self, recorder: Recorder, tap: str, observation: Observation) -> None:
        self._recorder = recorder
        self._tap = tap
        self._observation = observation

    def __enter__(self) -> Self:
        self._token = self._recorder.current.set(self._observation)
        self._observation.resume()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: "TracebackType | None",
    ) -> None:
        self._observation.pause()
        self._recorder.leave(self._token)
        if kind is not None:
            self._recorder.attempt(self._tap, self._over, kind)

    @property
    def keeps(self) -> bool:
        """Whether somebody looks at replies."""
        return self._observation.reply is not None

    def keep(self, chunk: bytes) -> None:
        """Keep a piece of the body for whoever looks at replies."""
        if self._observation.reply is not None:
            self._recorder.attempt(self._tap, self._observation.reply.add, chunk)

    def _over(self, kind: type[BaseException]) -> None:
        if not issubclass(kind, StopIteration | StopAsyncIteration):
            self._observation.note_exception(kind)
        elif self._observation.reply is not None:
            self._observation.reply.end()
        self._recorder.finish(self._observation)


class Body:
    """The body of a response, with the clock running while a chunk is made.

    Everything else is the body's own, ``close`` included, which a body may have or not.
    """

    def __init__(self, stretch: Stretch, body: Iterable[bytes]) -> None:
        self._stretch = stretch
        self._keeps = stretch.keeps
        self._body: Any = body
        self._iterator: Any = body

    def __iter__(self) -> Iterator[bytes]:
        self._iterator = iter(self._body)
        return self

    def __next__(self) -> bytes:
        with self._stretch:
            chunk: bytes = next(self._iterator)
        if self._keeps:
            self._stretch.keep(chunk)
        return chunk

    def __getattr__(self, name: str) -> object:
        return getattr(self._body, name)
