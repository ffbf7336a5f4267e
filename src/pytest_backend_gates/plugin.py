"""WHEN: the pytest hooks. Without ``--backend-gates`` nothing exists but the options and the fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator


def pytest_addoption(parser: pytest.Parser) -> None:
    from pytest_backend_gates.options import add_options

    add_options(parser)


# Also without the gates: to pytest an unknown hook in a conftest file is a mistake, and the fixtures are there then too.
# For a name in ``pytest_plugins`` pytest would read the entry points of everything that is installed once more.
def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    from pytest_backend_gates import fixtures, hookspecs

    pluginmanager.add_hookspecs(hookspecs)
    if not pluginmanager.has_plugin(fixtures.__name__):  # ``-p``
        pluginmanager.register(fixtures, fixtures.__name__)


# The outermost wrapper: pytest's own imports what the project's ``filterwarnings`` name.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser
) -> Generator[None, object, object]:
    if not early_config.known_args_namespace.backend_gates:
        return (yield)
    from pytest_backend_gates.session import begin

    with begin(early_config, parser).over_exit():
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, object, object]:
    if not config.getoption("backend_gates"):
        return (yield)
    from pytest_backend_gates import last_word

    if config.getoption("backend_gates_explain") and config.pluginmanager.has_plugin("xdist"):
        config.option.numprocesses, config.option.dist, config.option.tx = 0, "no", []
    return (yield from last_word.over(config))


def pytest_configure(config: pytest.Config) -> None:
    asked = config.getoption("backend_gates")
    if asked:
        from pytest_backend_gates.session import configure

        configure(config)
    elif asked is None:
        from pytest_backend_gates.options import stray_options

        stray = stray_options(config)
        if stray:
            raise pytest.UsageError(f"{', '.join(stray)}: means nothing without --backend-gates")
