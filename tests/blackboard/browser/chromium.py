"""The Chromium of the system, driven by Playwright where tests are run with --browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")


def launched(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A browser for a fixture; skipped where none is wanted or there is none, unless BOARD_BROWSER says that there is."""
    if not request.config.option.browser:
        pytest.skip("a browser is driven by scripts/test --browser only")
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        assert not os.environ.get("BOARD_BROWSER"), "BOARD_BROWSER is set, and there is no Chromium"
        pytest.skip("no Chromium is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()
