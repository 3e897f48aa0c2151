"""The processor time of the tests by folder, processes that they start included: scripts/test -p scripts.folder_times

Unlike the twenty slowest, which a busy machine makes slower, it says where the time of a whole run goes. It needs no file of
the project, so that an older state is measured too: PYTHONPATH=… python -m pytest -p scripts.folder_times.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

NAME = "processor time"


def used() -> float:
    """The seconds of this process, and of those it has waited for."""
    return sum(os.times()[:4])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    item.stash[BEGAN] = used()
    return (yield)


BEGAN = pytest.StashKey[float]()


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The report of a teardown, which a worker of xdist sends on, has the time of the whole test."""
    report = yield
    if report.when == "teardown":
        report.user_properties = [*report.user_properties, (NAME, used() - item.stash[BEGAN])]
    return report


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Folders(), "wengert-folders")


class Folders:
    """The sums, in the process that reports."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.tests: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, seconds in report.user_properties:
            if name == NAME and report.when == "teardown":
                folder = "/".join(report.nodeid.split("::")[0].split("/")[:-1][:2])
                self.seconds[folder] += seconds
                self.tests[folder] += 1

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("processor time by folder")
        for folder, seconds in self.seconds.most_common():
            terminalreporter.write_line(f"{seconds:8.1f} s  {self.tests[folder]:6,} tests  {folder}")
        total = sum(self.seconds.values())
        terminalreporter.write_line(f"{total:8.1f} s  {sum(self.tests.values()):6,} tests  in all")
