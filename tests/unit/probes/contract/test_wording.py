"""What schemathesis says in several lines, on one."""

import pytest

from pytest_backend_gates.probes.contract.wording import on_one_line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("one  line\n", "one line"),
        (
            "5 is not of type 'string'\n\nFailed validating 'type' in schema['x']:\n    {'a': 1,\n     'b': 2}\n\nOn instance:\n    5",
            "5 is not of type 'string'; Failed validating 'type' in schema['x']: {'a': 1, 'b': 2}; On instance: 5",
        ),
        ("a sentence that is\nbroken somewhere\n", "a sentence that is broken somewhere"),
        ("Unknown properties:\n\n  - 'a'\n  - 'b'\n", "Unknown properties: - 'a'; - 'b'"),
        ("{\n  'a': [\n    1\n  ]\n}\n", "{ 'a': [ 1 ] }"),
    ],
)
def test_lines_stay_apart(text: str, expected: str) -> None:
    """Two lines that say things of their own do not run together; what goes on in the next line does."""
    assert on_one_line(text) == expected
