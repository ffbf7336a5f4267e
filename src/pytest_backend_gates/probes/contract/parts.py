"""What things are made of, as text: made twice in the same way, by a function that is called twice, they read the same.

Nothing is told apart by where it lies in memory, for that is given to another thing as soon as one is gone.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import partial
from hashlib import sha256
from operator import attrgetter
from types import CodeType, FunctionType, MethodType
from typing import Any, Final, get_args, get_origin

#: Whose objects say what a contract says: they are looked into. Of another's object its type counts.
_TELLING: Final = frozenset(
    {"annotated_types", "dataclasses", "fastapi", "litestar", "pydantic", "starlette"}
)
#: What makes the schema of a type: of pydantic's, dataclasses, typed dictionaries, msgspec's.
_OF_TYPE: Final = (
    "model_fields",
    "model_config",
    "__dataclass_fields__",
    "__required_keys__",
    "__struct_defaults__",
)


#: Values that are all that there is to see of them.
_PLAIN: Final = (str, bytes, int, float)


class Parts:
    """What was added, in its order."""

    def __init__(self, *parts: object) -> None:
        self._told: list[str] = []
        #: What is being looked into: it may hold itself.
        self._within: set[int] = set()
        self.add(parts)

    def digest(self) -> str:
        """Return what is the same for the same parts alone."""
        return sha256("\n".join(self._told).encode(errors="replace")).hexdigest()

    def add_attributes(self, owner: object, names: Iterable[str]) -> None:
        """Add what *owner* calls so; ``None`` where it has none."""
        for name in names:
            self.add(getattr(owner, name, None))

    def add(self, part: object) -> None:
        """Add *part*, and what it is made of."""
        if part is None or isinstance(part, _PLAIN):
            self._tell(part, repr(part))
        elif id(part) in self._within:
            self._told.append("...")
        else:
            self._within.add(id(part))
            self._look_into(part)
            self._within.discard(id(part))

    def _tell(self, part: object, what: str = "") -> None:
        kind = type(part)
        self._told.append(f"{kind.__module__}.{kind.__qualname__} {what}")

    def _look_into(self, part: Any) -> None:  # noqa: ANN401  anything can stand in a route
        if get_origin(part) is not None:
            self.add((get_origin(part), get_args(part)))
        elif isinstance(part, type):
            self._look_into_type(part)
        elif isinstance(part, (FunctionType, MethodType, CodeType, partial)):
            self._look_into_function(part)
        elif isinstance(part, Mapping):
            self._tell(part)
            self.add([*part.items()])
        elif isinstance(part, (list, tuple)):
            self._tell(part, str(len(part)))
            for one in part:
                self.add(one)
        elif isinstance(part, (set, frozenset)):
            self._tell(part, repr(sorted(Parts(one).digest() for one in part)))
        else:
            self._look_into_object(part)

    def _look_into_function(self, part: Any) -> None:  # noqa: ANN401  each its own attributes
        if isinstance(part, CodeType):  # its hash is made of its contents
            self._tell(part, f"{part.co_filename}:{part.co_firstlineno} {part.co_qualname} {hash(part)}")
        elif isinstance(part, MethodType):
            self.add((part.__func__, type(part.__self__)))
        elif isinstance(part, partial):
            self.add((part.func, part.args, part.keywords))
        else:
            self.add((part.__module__, part.__code__, part.__defaults__, part.__kwdefaults__))
            self.add((part.__annotations__, getattr(part, "__wrapped__", None)))

    def _look_into_type(self, part: type) -> None:
        self._told.append(f"{part.__module__}.{part.__qualname__}")
        try:
            is_known = attrgetter(part.__qualname__)(sys.modules.get(part.__module__)) is part
        except AttributeError:
            is_known = False
        if is_known:
            return  # there is but one of that name
        for base in part.__mro__[:-1]:
            own = [name for name in vars(base) if not name.startswith("_")]  # a field with a default, for one
            self.add((own, getattr(base, "__annotations__", None)))
        self.add_attributes(part, _OF_TYPE)
        if issubclass(part, Enum):
            self.add([(one.name, one.value) for one in part])

    def _look_into_object(self, part: object) -> None:
        if isinstance(part, Enum):
            self._tell(part, part.name)
            return
        module = type(part).__module__.partition(".")[0]
        if module == "typing":
            self._tell(part, repr(part))
            return
        self._tell(part)
        if module in _TELLING and not hasattr(part, "routes"):
            state = {name: getattr(part, name, None) for name in _names(part) if not name.startswith("_")}
            self.add(state)


def given_to(function: object) -> Iterator[object]:
    """Yield what *function* was given besides its arguments: by the function around it, or by the object it belongs to.

    Not a part of every function: what an endpoint is given may be a whole database, and makes no difference to a schema.
    """
    for cell in getattr(function, "__closure__", None) or ():
        try:
            yield cell.cell_contents
        except ValueError:
            continue  # still empty
    state = getattr(getattr(function, "__self__", None), "__dict__", {})
    yield {name: value for name, value in state.items() if value is None or isinstance(value, _PLAIN)}


def _names(part: object) -> list[str]:
    slots = [name for kind in type(part).__mro__ for name in getattr(kind, "__slots__", ())]
    return [*slots, *getattr(part, "__dict__", {})]
