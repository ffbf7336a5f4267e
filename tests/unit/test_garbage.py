"""Reference cycles are looked for again after a long piece of work, if they were before."""

import gc
from collections.abc import Iterator

import pytest

from pytest_backend_gates.garbage import uncollected


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    """Leave the collector as it was."""
    was_enabled = gc.isenabled()
    yield
    if was_enabled:
        gc.enable()


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_stands_still_inside(*, enabled: bool) -> None:
    """Also when the work fails, and within another; a project that has switched it off finds it off."""
    (gc.enable if enabled else gc.disable)()

    @uncollected()
    def work() -> None:
        with uncollected():
            pass
        assert not gc.isenabled()
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        work()
    assert gc.isenabled() is enabled
