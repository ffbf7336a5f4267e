"""Requests to WSGI applications, and the tap of Flask.

The clock runs inside the application's ``__call__`` and inside each ``next()`` of the body: what the client does
between two chunks is not the server's time, and neither is ``close()``.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sized
from functools import lru_cache, partial, wraps
from typing import TYPE_CHECKING, Any, ClassVar, cast

from pytest_backend_gates.taps.patching import Method, Patches
from pytest_backend_gates.taps.recording import Observation, Recorder
from pytest_backend_gates.taps.replies import Reply

if TYPE_CHECKING:
    from types import TracebackType

    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from flask import Flask, Request
    from werkzeug.local import LocalProxy

    Write = Callable[[bytes], object]
    AppCall = Callable[[object, WSGIEnvironment, StartResponse], Iterable[bytes]]

#: A variable of a werkzeug rule: ``<id>``, ``<int:id>``, ``<any(a, b):id>``.
_VARIABLE = re.compile(r"<(?:[a-zA-Z_]\w*(?:\(.*?\))?:)?([a-zA-Z_]\w*)>")


class FlaskTap:
    """Observes Flask applications."""

    name: ClassVar[str] = "Flask"
    module: ClassVar[str] = "flask.app"

    def __init__(self) -> None:
        self._patches = Patches()
        self._disconnect: Callable[[], None] | None = None

    def install(self, recorder: Recorder) -> None:
        """Patch the application, and listen to the signal that a request has been routed."""
        from flask import Flask, request, request_started

        def routed(_: "Flask", **_extra: object) -> None:
            observation = recorder.serving()
            if observation is not None:
                recorder.attempt(self.name, _name, recorder, observation, request)

        # The signal and not the environ that the application was called with: middleware around
        # ``wsgi_app`` may hand on a copy.
        request_started.connect(routed, weak=False)
        self._disconnect = partial(request_started.disconnect, routed)
        self._patches.replace(Flask, "__call__", partial(observing, recorder, self.name))

    def uninstall(self) -> None:
        """Restore the application and stop listening."""
        self._patches.undo()
        if self._disconnect is not None:
            self._disconnect()
            self._disconnect = None


def observing(recorder: Recorder, tap: str, original: "AppCall") -> Method:
    """Observe the requests to the applications whose ``__call__`` is *original*."""

    @wraps(original)
    def call(app: object, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        observation = recorder.attempt(tap, _begin, recorder, app, environ)
        if observation is None:
            return original(app, environ, start_response)

        def observed_start(status: str, *rest: Any) -> "Write":  # noqa: ANN401  the server's business
            recorder.attempt(tap, _see_start, observation, status, rest)
            return start_response(status, *rest)

        with Stretch(recorder, tap, observation):
            body = original(app, environ, observed_start)
        observed = recorder.attempt(tap, _observed, recorder, tap, observation, environ, body)
        return body if observed is None else observed

    return call


def _see_start(observation: Observation, status: str, rest: tuple[Any, ...]) -> None:
    observation.status = int(status[:3])
    if observation.reply is not None:
        observation.reply.begin(rest[0])


def _begin(recorder: Recorder, app: object, environ: "WSGIEnvironment") -> Observation | None:
    observation = recorder.begin(environ["REQUEST_METHOD"])
    path = environ.get("PATH_INFO", "")
    if observation is None:
        _enter_mounted(recorder, path)
    else:
        observation.path_info = path
        if recorder.sending is not None:
            recorder.sending.arrived(environ["REQUEST_METHOD"], environ.get("HTTP_HOST", ""))
    recorder.enter(app, observation)
    return observation


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


def _name(recorder: Recorder, observation: Observation, proxy: "Request") -> None:
    # Each attribute of the proxy costs as much as all else here.
    request = cast("LocalProxy[Request]", proxy)._get_current_object()  # noqa: SLF001  Werkzeug's documented way
    rule = request.url_rule
    if rule is not None:
        recorder.claim(observation, request.method, _template(rule.rule), rule.rule)


@lru_cache(maxsize=4096)
def _template(rule: str) -> str:
    """Write a werkzeug rule with plain variables: ``/orders/<int:id>`` is ``/orders/{id}``."""
    return _VARIABLE.sub(r"{\1}", rule)


def _observed(
    recorder: Recorder,
    tap: str,
    observation: Observation,
    environ: "WSGIEnvironment",
    body: Iterable[bytes],
) -> Iterable[bytes]:
    """Return *body*, observed until its end if making it may still take time."""
    # A response of Django's is its own body, and says whether all of it is there.
    is_whole = not getattr(body, "streaming", True)
    if is_whole or isinstance(body, Sized) or _is_file(environ, body):
        # It is all there; and servers treat lists and their own file wrapper in ways of their own.
        if observation.reply is not None and (is_whole or isinstance(body, list | tuple)):
            _keep_all(observation.reply, body)
        recorder.finish(observation)
        return body
    recorder.await_reader(observation)
    return Body(recorder, tap, observation, body)


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

    def __enter__(self) -> None:
        self._token = self._recorder.current.set(self._observation)
        self._observation.resume()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: "TracebackType | None",
    ) -> None:
        self._observation.pause()
        self._recorder.leave(self._token)
        if kind is not None:
            self._observation.note_exception(kind)
            self._recorder.attempt(self._tap, self._over, kind)

    def keep(self, chunk: bytes) -> None:
        """Keep a piece of the body for whoever looks at replies."""
        if self._observation.reply is not None:
            self._recorder.attempt(self._tap, self._observation.reply.add, chunk)

    def _over(self, kind: type[BaseException]) -> None:
        reply = self._observation.reply
        if reply is not None and issubclass(kind, StopIteration | StopAsyncIteration):
            reply.end()
        self._recorder.finish(self._observation)


class Body:
    """The body of a response, with the clock running while a chunk is made.

    Everything else is the body's own, ``close`` included, which a body may have or not.
    """

    def __init__(self, recorder: Recorder, tap: str, observation: Observation, body: Iterable[bytes]) -> None:
        self._stretch = Stretch(recorder, tap, observation)
        self._body: Any = body
        self._iterator: Any = body

    def __iter__(self) -> Iterator[bytes]:
        self._iterator = iter(self._body)
        return self

    def __next__(self) -> bytes:
        with self._stretch:
            chunk: bytes = next(self._iterator)
        self._stretch.keep(chunk)
        return chunk

    def __getattr__(self, name: str) -> object:
        return getattr(self._body, name)
