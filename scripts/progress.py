"""What scripts/test shows while pytest runs: how much is done, what is left and for how long, instead of dots; and how to run a failure alone.

On a terminal the line is rewritten; in a pipe or a file there is a plain line every few seconds. `-v` leaves pytest's own lines.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Generator
from typing import Any

import pytest

REWRITTEN, PLAIN = 0.2, 10.0
"""Seconds between two lines on a terminal, and elsewhere."""
COLUMNS = 79
"""A rewritten line is cut there, since one that wraps cannot be rewritten."""


@pytest.hookimpl(trylast=True)  # after pytest's own reporter
def pytest_configure(config: pytest.Config) -> None:
    controls = not hasattr(config, "workerinput")  # not one of xdist's workers
    if controls and config.option.verbose <= 0 and not config.option.collectonly:
        config.pluginmanager.register(Progress(config), "wengert-progress")


class Progress:
    """The line of a run. Every test reports its teardown once, whichever process runs it."""

    def __init__(self, config: pytest.Config, clock: Callable[[], float] = time.monotonic) -> None:
        self.config, self.clock = config, clock
        self.writer = config.get_terminal_writer()
        self.rewrites: bool = config.pluginmanager.get_plugin("terminalreporter").isatty
        self.total = self.done = self.failed = 0
        self.began = self.shown = clock()
        self.running = True

    def pytest_sessionstart(self) -> None:
        self.line("collecting the tests")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.collected(len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        self.collected(len(ids))

    def collected(self, count: int) -> None:
        """Every worker of xdist collects the same tests; the first says how many."""
        if count and not self.total:
            self.total, self.began = count, self.clock()
            self.line(self.text())

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self, report: Any) -> Generator[None, tuple[str, str, Any], tuple[str, str, Any]]:
        category, letter, word = yield
        return (category, "", "") if self.running else (category, letter, word)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed += 1
            self.line(f"FAILED {report.nodeid}", stays=True)
        self.done += report.when == "teardown"
        if self.clock() - self.shown >= (REWRITTEN if self.rewrites else PLAIN):
            self.line(self.text())

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self.running = False
        self.line(self.text(), stays=True)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        broken = {r.nodeid: None for kind in ("failed", "error") for r in terminalreporter.stats.get(kind, ())}
        if broken:
            terminalreporter.section("to run what failed alone")
            thorough = " --thorough" if getattr(self.config.option, "thorough", False) else ""
            for name in broken:
                terminalreporter.write_line(f"scripts/test{thorough} {shlex.quote(name)}")

    def text(self) -> str:
        """1,204 of 25,310 tests (4 %), about 6 min left, 2 failed."""
        if not self.total:
            return "no test was collected"
        done = min(self.done, self.total)
        share = f"{done:,} of {self.total:,} tests ({100 * done // self.total} %)"
        seconds = self.clock() - self.began
        left = seconds * (self.total - done) / done if done else 0.0
        parts = [share, f"{duration(seconds)} so far" if done == self.total or not self.running else ""]
        parts += [f"about {duration(left)} left" if done and self.running and done < self.total else ""]
        parts += [f"{self.failed} failed" if self.failed else ""]
        return ", ".join(part for part in parts if part)

    def line(self, text: str, stays: bool = False) -> None:
        self.shown = self.clock()
        if not self.rewrites:
            self.writer.line(text)
        else:
            self.writer.write("\r\x1b[K" + (text + "\n" if stays else text[:COLUMNS]), flush=True)


def duration(seconds: float) -> str:
    """8 s, 2 min, 1 h 5 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
