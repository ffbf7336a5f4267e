"""What kept an analyzer from measuring, told as a finding."""

from pytest_backend_gates.measurements import Finding


class CannotAnalyzeError(Exception):
    """An engine could not measure a file, or (from ``prepare``) any file."""

    def __init__(self, message: str, path: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.path = path
        self.hint = hint


def failure(error: BaseException, path: str | None, subject: str) -> Finding:
    """Describe *error*, which kept *subject* from being measured: ``SyntaxError: invalid syntax``."""
    if isinstance(error, CannotAnalyzeError):
        return Finding(subject, str(error), path=error.path or path, hint=error.hint)
    # Some have none, and some say 0: a file that cannot be decoded, one with a null byte.
    line = (error.lineno or None) if isinstance(error, SyntaxError) else None
    return Finding(subject, _told(error), path=path, line=line)


def _told(error: BaseException) -> str:
    """Say *error* without the place, which stands beside it."""
    if isinstance(error, SyntaxError):
        text = error.msg
    elif isinstance(error, OSError):
        text = error.strerror or str(error)
    else:
        text = str(error)
    name = type(error).__name__
    return f"{name}: {text}" if text else name
