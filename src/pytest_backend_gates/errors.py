"""What can be wrong with the user's configuration, told so that it can be mended at once.

Problem             one mistake: what, where, and what is allowed there
ConfigurationError  all of them together, raised once, before the first test
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in the user's own text.

    ``span`` is the half-open range of characters of ``text`` at fault; ``where`` names the option
    and, where they are known, the file and line.
    """

    message: str
    where: str
    text: str | None = None
    span: tuple[int, int] | None = None
    allowed: str | None = None

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.message}"]
        if self.text is not None:
            lines.append(f"    {self.text}")
            if self.span is not None:
                start, end = self.span
                before = "".join("\t" if character == "\t" else " " for character in self.text[:start])
                lines.append(f"    {before}" + "^" * max(1, end - start))
        if self.allowed:
            lines.append(f"  {self.allowed}")
        return "\n".join(lines)


class ConfigurationError(Exception):
    """The configuration cannot be used; carries every :class:`Problem` that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(str(self))

    def __str__(self) -> str:
        count = len(self.problems)
        title = f"backend gates: {count} problem{'s' if count > 1 else ''} in the configuration"
        return "\n".join([title, *(str(problem) for problem in self.problems)])


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return ``did you mean 'x'? `` when a known word is close to *word*, then the known words."""
    close = get_close_matches(word, known, n=1)
    suggestion = f"did you mean '{close[0]}'? " if close else ""
    return f"{suggestion}allowed: {', '.join(known)}" if known else suggestion.strip()
