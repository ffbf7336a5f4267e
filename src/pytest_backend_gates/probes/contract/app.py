"""The application under test: what ``package.module:attribute`` names, an instance or a factory, ASGI or WSGI."""

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import partial
from inspect import Parameter
from types import ModuleType
from typing import Final, Literal

#: What a reference looks like, for messages.
SPELT: Final = (
    "allowed: 'package.module:attribute', an ASGI or WSGI application or a function that returns one"
)
_IMPORTABLE: Final = "allowed: a module that tests can import: install the project, or name its folder in pytest's 'pythonpath'"
_WRAPPED: Final = (
    "allowed: one that names them; wrap it in"
    " 'async def app(scope, receive, send)' or 'def app(environ, start_response)'"
)


class AppError(Exception):
    """The reference names no application. Holds the part of it at fault and what is allowed there."""

    def __init__(self, message: str, fault: str, allowed: str = SPELT) -> None:
        super().__init__(message)
        self.fault = fault
        self.allowed = allowed


def misspelt(reference: str) -> AppError | None:
    """Return what is wrong with the spelling of *reference*, which nothing needs to be imported for."""
    module, colon, attribute = reference.partition(":")
    if reference.endswith("()"):
        return AppError("a factory is named without its brackets", "()")
    if not colon:
        return AppError("the attribute is missing", reference)
    for part in (module, attribute):
        if not all(name.isidentifier() for name in part.split(".")):
            return AppError(f"{part!r} is not a name" if part else "a name is missing", part or ":")
    return None


def resolve(reference: str) -> object:
    """Import and return the application that *reference* names; a factory is called, once.

    Raises :class:`AppError` when there is no such module or attribute, or when it is no application.
    What the project's own code raises passes through.
    """
    module_name, _, attribute = reference.partition(":")
    found: object = _imported(module_name)
    for name in attribute.split("."):
        found = _attribute(found, name, module_name)
    if interface(found):
        return found
    if not _accepts(found, 0) or (_takes_anything(found) and not _is_function(found)):
        raise _no_app(f"'{attribute}'", found, attribute)
    made = found()  # type: ignore[operator] # it accepts no arguments, so it can be called
    if inspect.iscoroutine(made):
        made.close()
        raise AppError(f"'{attribute}' is asynchronous: a factory returns the application at once", attribute)
    if interface(made):
        return made
    if _takes_anything(made):
        raise _no_app(f"{_a(made)}, which '{attribute}' returned,", made, attribute)
    raise AppError(f"'{attribute}' returned no ASGI or WSGI application but {_a(made)}", attribute)


def interface(app: object) -> Literal["asgi", "wsgi"] | None:
    """Say how a server would call *app*; ``None`` for what is no application, and for what does not tell."""
    if isinstance(app, type):
        return None
    call = getattr(app, "__call__", None)  # noqa: B004 (the method itself)
    if any(map(inspect.iscoroutinefunction, (app, call))):
        return "asgi" if _accepts(app, 3) else None
    if _takes_anything(app) or (_accepts(app, 0) and _is_function(app)):
        return None  # it does not tell, or it is a factory, whose parameters have defaults
    if _accepts(app, 2):
        return "wsgi"
    return "asgi" if _accepts(app, 3) else None


def described(found: object) -> str:
    """Say what *found*, in the place of an application, is."""
    if _takes_anything(found):
        return (
            f"{_a(found)} that takes any arguments, which does not tell an ASGI application from a WSGI one;"
            f" {_WRAPPED}"
        )
    return f"{_a(found)}, no ASGI or WSGI application"


def _is_function(found: object) -> bool:
    """Whether *found* may be a factory: whoever writes ``__call__`` for an object means it to be the application."""
    return inspect.isroutine(found) or isinstance(found, (partial, type))


def _takes_anything(app: object) -> bool:
    """Whether *app* can be called with two arguments and with three, and names too few to say which is meant."""
    if not (_accepts(app, 2) and _accepts(app, 3)):
        return False
    named = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(app).parameters.values()  # type: ignore[arg-type] # it can be called
    return sum(one.kind in named for one in parameters) < 2


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name != missing and not name.startswith(f"{missing}."):
            raise  # a module that the project's own code imports
    raise AppError(f"there is no module '{missing}'", name, f"{_close_module(missing)}{_IMPORTABLE}")


def _close_module(missing: str) -> str:
    """Return ``did you mean 'shop.app'? `` when a module beside the *missing* one has nearly its name."""
    parent, _, name = missing.rpartition(".")
    path = getattr(sys.modules.get(parent), "__path__", None) if parent else None
    beside = [module.name for module in pkgutil.iter_modules(path)]
    close = get_close_matches(name, beside, n=1)
    return f"did you mean '{'.'.join(filter(None, [parent, close[0]]))}'? " if close else ""


def _attribute(holder: object, name: str, module: str) -> object:
    try:
        return getattr(holder, name)
    except AttributeError:
        if hasattr(type(holder), name):
            raise  # a property of the project's, which raised
    where = f"'{module}'" if isinstance(holder, ModuleType) else _a(holder)
    close = get_close_matches(name, [one for one in dir(holder) if not one.startswith("_")], n=1)
    suggestion = f"did you mean '{close[0]}'? " if close else ""
    raise AppError(f"{where} has no attribute '{name}'", name, f"{suggestion}{SPELT}")


def _accepts(target: object, count: int) -> bool:
    """Whether *target* can be called with so many positional arguments."""
    if not callable(target):
        return False
    try:
        inspect.signature(target).bind(*range(count))
    except (TypeError, ValueError):
        return False
    return True


def _no_app(named: str, found: object, attribute: str) -> AppError:
    """Return why *found*, *named* so in messages, is no application."""
    if _takes_anything(found):
        told = f"{named} takes any arguments, which does not tell an ASGI application from a WSGI one"
        return AppError(told, attribute, _WRAPPED)
    if callable(found):
        needed = ", ".join(_required(found))
        told = f"{named} is neither an application nor a function without parameters: it needs {needed}"
        return AppError(told, attribute)
    return AppError(f"{named} is {described(found)}", attribute)


def _required(target: Callable[..., object]) -> Iterator[str]:
    try:
        parameters = inspect.signature(target).parameters.values()
    except ValueError:
        return
    for one in parameters:
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
            yield one.name


def _a(value: object) -> str:
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
