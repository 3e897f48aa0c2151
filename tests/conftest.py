"""A run of the tests: how much it tries, and how much memory a process of it may take."""

from __future__ import annotations

import gc
import os
import resource
import signal

import pytest
from hypothesis import HealthCheck, settings

from tests.thorough import Run, left_out

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")
"""Before NumPy is imported, here and in processes that tests start: matrices of tests are small, and threads that wait for their share
of one take more time than the product, most of all beside other processes of tests."""

MEMORY = 8 * 2**30
"""So many bytes a process of tests may hold, on a machine where some run at once: beyond, the test fails by itself."""

HEALTH = [HealthCheck.too_slow]
"""How fast examples are made is a matter of the machine."""
settings.register_profile("everyday", deadline=None, derandomize=True, suppress_health_check=HEALTH)
settings.register_profile("thorough", deadline=None, print_blob=True, suppress_health_check=HEALTH)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="the exhaustive and the random parts in full numbers")
    parser.addoption("--browser", action="store_true", help="drive the board in Chromium")
    parser.addoption("--pictures", metavar="FOLDER", help="with --browser: keep pictures of the board's views there")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "everyday(each, groups): a run without --thorough takes a part of the cases")
    bound_memory()
    heed_ctrl_c()
    Run.thorough = config.option.thorough
    Run.whole = any("[" in argument for argument in config.args)
    settings.load_profile("thorough" if Run.thorough else "everyday")


def bound_memory() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
    if soft == resource.RLIM_INFINITY or soft > allowed:
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, hard))


def heed_ctrl_c() -> None:
    """A shell starts what is in its background with Ctrl-C ignored; processes that tests start would inherit that and never end."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What is collected stays, and the collector of garbage need not look at it again, nor look so often: a tenth of the time was its."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


@pytest.hookimpl(trylast=True)  # after the fixtures of the file
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """What the tests of a file leave (caches, compiled code) stays too: a collection looks at what the present file has made."""
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if Run.thorough or Run.whole:
        return
    out = left_out(items)
    if out:
        config.hook.pytest_deselected(items=sorted(out, key=lambda item: item.nodeid))
        items[:] = [item for item in items if item not in out]
