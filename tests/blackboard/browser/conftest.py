"""One browser and one server for all tests that drive the board."""

from __future__ import annotations

import pytest

from tests.blackboard.browser.chromium import launched
from tests.blackboard.browser.page import ROOT, Page
from tests.blackboard.server import Server


@pytest.fixture(scope="session")
def browser(request):
    yield from launched(request)


@pytest.fixture(scope="session")
def server(browser):
    made = Server([str(ROOT / "examples" / "hidden_layer.txt")])
    yield made
    made.stop()


@pytest.fixture
def board(browser, server):
    with Page(browser, server.address) as opened:
        yield opened.ready()
