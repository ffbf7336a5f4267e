"""The options and ini keys: their names, their defaults, and what they mean alone."""

import pytest

from pytest_backend_gates.options import INI_KEYS, stray_options


def test_nothing_is_set_by_default(pytester: pytest.Pytester) -> None:
    """Not given is ``None`` everywhere: an option that is not given must never hide the ini file."""
    config = pytester.parseconfig()
    names = (
        "backend_gates",
        "_only",
        "_skip",
        "_threshold",
        "_report",
        "_strict",
        "_explain",
        "_allow_remote",
    )
    given = {name: config.getoption(f"backend_gates{name}" if name[0] == "_" else name) for name in names}
    assert given == dict.fromkeys(names)
    assert {key: config.getini(key) for key in INI_KEYS} == dict.fromkeys(INI_KEYS)


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (("--backend-gates",), True),
        (("--no-backend-gates",), False),
        (("--backend-gates", "--no-backend-gates"), False),
        (("--no-backend-gates", "--backend-gates"), True),
        ((), None),
    ],
)
def test_the_last_one_wins(pytester: pytest.Pytester, arguments: tuple[str, ...], asked: bool | None) -> None:  # noqa: FBT001
    """``addopts`` can switch the gates on and the command line off again."""
    assert pytester.parseconfig(*arguments).getoption("backend_gates") is asked


def test_the_flag_swallows_no_path(pytester: pytest.Pytester) -> None:
    """``pytest --backend-gates tests`` runs the tests in ``tests``."""
    pytester.mkdir("tests")
    config = pytester.parseconfig("--backend-gates", "tests")
    assert config.getoption("file_or_dir")[-1] == "tests"


def test_options_that_mean_nothing_alone(pytester: pytest.Pytester) -> None:
    """Every option that needs ``--backend-gates`` is named when it is given without."""
    config = pytester.parseconfig(
        "--backend-gates-explain",
        "--backend-gates-strict",
        "--backend-gates-threshold=coverage > 1%",
        "--backend-gates-report=json:x",
        "--backend-gates-only=coverage",
        "--backend-gates-skip=latency",
        "--backend-gates-allow-remote",
    )
    assert stray_options(config) == [
        "--backend-gates-only",
        "--backend-gates-skip",
        "--backend-gates-threshold",
        "--backend-gates-report",
        "--backend-gates-strict",
        "--backend-gates-explain",
        "--backend-gates-allow-remote",
    ]
    assert stray_options(pytester.parseconfig()) == []


def test_every_option_is_in_the_help(pytester: pytest.Pytester) -> None:
    """``pytest --help`` tells each option and each ini key with one sentence."""
    out = pytester.runpytest_inprocess("--help").stdout.str()
    start = out.index("quality gates for Python backends:")
    ours = " ".join(out[start : out.index("\n\n", start)].split())
    for text in (
        "--backend-gates measure the backend while its tests run and judge it at the end of the session",
        "--no-backend-gates do not, whatever addopts says",
        "--backend-gates-only=GATES judge only these gates, separated by commas",
        "--backend-gates-skip=GATES switch these gates off, separated by commas",
        "--backend-gates-threshold=EXPR one more threshold, for this run, in quotes: 'coverage > 85%'",
        "--backend-gates-report=FORMAT:PATH write a report: json:PATH, relative to the current folder",
        "--backend-gates-strict make SKIPPED and unproven red",
        "--backend-gates-explain print every setting, where it comes from and what was discovered; run no test",
        "--backend-gates-allow-remote let backend_gates_base_url be another machine, and requests be generated for it",
    ):
        assert text in ours
    assert all(f"{key} ({kind})" in out for key, (kind, _) in INI_KEYS.items())
