"""WHEN: the pytest hooks. Without ``--backend-gates`` nothing but the options exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator


def pytest_addoption(parser: pytest.Parser) -> None:
    from pytest_backend_gates.options import add_options

    add_options(parser)


# The outermost wrapper: pytest's own imports what the project's ``filterwarnings`` name.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser
) -> Generator[None, object, object]:
    if early_config.known_args_namespace.backend_gates:
        from pytest_backend_gates.session import begin

        begin(early_config, parser)
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    if config.getoption("backend_gates_explain") and config.pluginmanager.has_plugin("xdist"):
        config.option.numprocesses, config.option.dist, config.option.tx = 0, "no", []


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
