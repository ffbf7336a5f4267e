"""What the user wrote: the lines of every ini key and option, the place of each, and the mistakes found in them.

Nothing else reads what a user sets of ours; `settings` makes sense of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest

from pytest_backend_gates.errors import Problem, did_you_mean
from pytest_backend_gates.inifile import IniFile, is_ours
from pytest_backend_gates.model import Origin
from pytest_backend_gates.options import INI_KEYS
from pytest_backend_gates.threshold import ThresholdSyntaxError, strip_comment

#: What may stand in a key of each of pytest's types, for messages.
_KINDS: Final = {"linelist": "a list of lines of text", "bool": "true or false", "string": "a text"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line that the user wrote, and where."""

    text: str
    origin: Origin
    #: The option or ini key, for messages.
    option: str
    #: Whether it stands in ``addopts`` or PYTEST_ADDOPTS: what is typed overrides it without complaint.
    is_added: bool = False

    @property
    def where(self) -> str:
        """``key (file:line)``, or the option of the command line."""
        return self.option if self.origin.path is None else f"{self.option} ({self.origin})"


class Written:
    """Everything that one configuration says, read as it is asked for; mistakes gather in ``problems``."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.ini = IniFile.read(config.inipath, config.rootpath, list(INI_KEYS))
        #: Key -> the text of the ``-o`` that overrides the ini file.
        self.overrides = {
            one.partition("=")[0].strip(): one for one in config.getoption("override_ini", None) or ()
        }
        self.problems: list[Problem] = []
        #: Ini key, option, ``@set`` or path of a report -> where it was set.
        self.origins = {key: str(Origin("ini", self.ini.name, line)) for key, line in self.ini.keys.items()}
        self.origins |= dict.fromkeys(self.overrides, "-o")

    def check_keys(self) -> None:
        """Find the keys and sections of ours that pytest does not know."""
        self._check_sections()
        written = {key: (self._where(key), self.ini.text_of(line)) for key, line in self.ini.keys.items()}
        written |= {key: ("-o", text) for key, text in self.overrides.items() if is_ours(key, list(INI_KEYS))}
        for key, (where, text) in written.items():
            if key not in INI_KEYS and key != "addopts":
                allowed = did_you_mean(key, list(INI_KEYS))
                self.problem(f"unknown key '{key}'", where, text, key, allowed)

    def _check_sections(self) -> None:
        allowed = (
            "allowed: [tool.pytest.ini_options] in pyproject.toml, [tool:pytest] in setup.cfg, else [pytest]"
        )
        for line in self.ini.misplaced:
            where, text = str(Origin("ini", self.ini.name, line)), self.ini.text_of(line) or ""
            self.problem("pytest does not read this section's backend gates", where, text, text, allowed)

    def problem(
        self, message: str, where: str, text: str | None, fault: str, allowed: str | None = None
    ) -> None:
        """Keep a problem, with a caret under *fault*, or under all of *text* that does not show it."""
        start = text.find(fault) if text else 0
        span = (start, start + len(fault)) if start >= 0 else (0, len(text or ""))
        self.problems.append(Problem(message, where, text, span, allowed))

    def mistake(self, error: ThresholdSyntaxError, line: Line) -> None:
        """Keep what is wrong with *line*, which a parser has found."""
        self.problems.append(Problem(error.message, line.where, error.source, error.span, error.allowed))

    def _where(self, key: str) -> str:
        if key in self.overrides:
            return f"-o {key}"
        line = self.ini.keys.get(key)
        return f"{key} ({Origin('ini', self.ini.name, line)})" if self.ini.name else key

    def _ini(self, key: str) -> Any:  # noqa: ANN401 (what pytest returns)
        """Return what pytest makes of *key*; a value of the wrong type becomes a problem and ``None``."""
        try:
            value = self.config.getini(key)
        except (pytest.UsageError, TypeError, ValueError) as error:
            self._wrong_type(key, str(error).removeprefix(f"{self.config.inipath}: "))
            return None
        kind = INI_KEYS[key][0]
        if kind == "linelist" and not all(isinstance(line, str) for line in value or ()):
            self._wrong_type(key, f"expected lines of text; got {value!r}")
            return None
        if kind == "string" and not isinstance(value or "", str):
            self._wrong_type(key, f"expected a text; got {value!r}")
            return None
        return value

    def _wrong_type(self, key: str, message: str) -> None:
        kind = _KINDS[INI_KEYS[key][0]]
        text = self.overrides.get(key) or self.ini.text_of(self.ini.keys.get(key))
        value = text.partition("=")[2].strip() if text else ""
        self.problem(message, self._where(key), text, value, f"allowed: {kind}")

    def lines(self, key: str) -> Iterator[Line]:
        """Yield the lines of *key* that are not blank or comments, with the place of each."""
        texts = [text.strip() for text in self._ini(key) or () if strip_comment(text)]
        if key in self.overrides:
            yield from (Line(text, Origin("command line"), f"-o {key}") for text in texts)
            return
        for text, number in zip(texts, self.ini.lines_of(key, texts), strict=True):
            yield Line(text, Origin("ini", self.ini.name, number), key)

    def line(self, key: str) -> Line | None:
        """Return the one text that *key* has, without a comment; ``None`` for none."""
        text = strip_comment(self._ini(key) or "")
        if not text:
            return None
        if key in self.overrides:
            return Line(text, Origin("command line"), f"-o {key}")
        return Line(text, Origin("ini", self.ini.name, self.ini.keys.get(key)), key)

    def given(self, option: str) -> Iterator[Line]:
        """Yield what *option*, which may be repeated, was given, with the place of each."""
        for text in self.config.getoption(_dest(option)) or ():
            typed = {text, f"{option}={text}"} & {*map(str, self.config.invocation_params.args)}
            yield Line(text, self._origin_of(option, text), option, is_added=not typed)

    def _origin_of(self, option: str, text: str | None = None) -> Origin:
        """Say whether *option* stands in the project's ``addopts``."""
        words = () if "addopts" in self.overrides else self.config.getini("addopts")
        if (option if text is None else f"{option}={text}") in words or text in words:
            return Origin("command line", self.ini.name, self.ini.keys.get("addopts"))
        return Origin("command line")

    def flag(self, key: str) -> bool:
        """Return what the command line says of the switch *key*, if it has one, else what the ini file says."""
        option, given = _option(key), self.config.getoption(key, None)
        if given is not None:
            self.origins[option] = str(self._origin_of(option))
            return bool(given)
        return bool(self._ini(key))

    def consents(self, option: str) -> bool:
        """Whether whoever runs this gave the switch *option*. What stands in a file of the project is nobody's consent."""
        if not self.config.getoption(_dest(option), None):
            return False
        origin = self._origin_of(option)
        self.origins[option] = str(origin)
        if origin.path is not None:
            text = self.ini.text_of(origin.line) or option
            told = f"{option} is given on the command line, by whoever runs the tests"
            self.problem(told, f"addopts ({origin})", text, option, "take it out of addopts")
        return True

    def option(self, option: str) -> str | None:
        """Return the value that was given for *option*."""
        value: str | None = self.config.getoption(_dest(option))
        return value


def _dest(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")


def _option(dest: str) -> str:
    return "--" + dest.replace("_", "-")
