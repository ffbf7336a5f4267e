"""Replacing methods and giving them back."""

import pytest

from pytest_backend_gates.taps.patching import Method, Patches


class Base:
    def greet(self) -> str:
        return "hello"


class Child(Base):
    pass


def shouting(original: Method) -> Method:
    return lambda self: str(original(self)).upper()


def test_a_method_is_replaced_and_restored() -> None:
    """Undoing puts the very same function back; doing it twice is harmless."""
    before = vars(Base)["greet"]
    patches = Patches()
    patches.replace(Base, "greet", shouting)
    assert Child().greet() == "HELLO"
    patches.undo()
    patches.undo()
    assert vars(Base)["greet"] is before


def test_a_method_that_is_only_inherited_is_refused() -> None:
    """Restoring it would leave a copy behind that the class never had."""
    with pytest.raises(KeyError, match="greet"):
        Patches().replace(Child, "greet", shouting)
    assert "greet" not in vars(Child)


def test_a_method_patched_twice_is_restored_in_reverse() -> None:
    """The last replacement goes first."""
    before = vars(Base)["greet"]
    patches = Patches()
    patches.replace(Base, "greet", shouting)
    patches.replace(Base, "greet", shouting)
    patches.undo()
    assert vars(Base)["greet"] is before
