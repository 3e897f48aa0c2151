"""A board in a page of its own, as a person has it before him; the tests beside it drive it.

scripts/test --browser        needs Chromium; on Debian: apt-get install --no-install-recommends chromium fonts-nanum fonts-liberation
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = {
    "narrow": {"width": 390, "height": 844},
    "wide": {"width": 1280, "height": 900},
    "widest": {"width": 1920, "height": 1080},
}
VIEWS = ("lesson", "numbers", "homework", "compare", "train")
LONG = 30_000  # milliseconds that a busy machine may take


class Page:
    """A board in a page of its own, with what its console and its policy complained of."""

    def __init__(self, browser, address, size="wide", dark=False, clock=False, **options):
        scheme = "dark" if dark else "light"
        self.context = browser.new_context(viewport=SIZES[size], color_scheme=scheme, **options)
        self.context.set_default_timeout(LONG)
        self.page = self.context.new_page()
        self.complaints = []
        self.page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type in ("error", "warning") else 0
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if clock:
            self.page.clock.install()
        self.page.goto(address)
        self.page.locator(".grid").wait_for()

    def __enter__(self):
        return self

    def __exit__(self, *fault):
        self.context.close()
        if fault[0] is None:
            assert not self.complaints, self.complaints

    def find(self, selector, **narrower):
        return self.page.locator(selector, **narrower)

    def text(self, selector):
        return self.find(selector).inner_text()

    def ready(self):
        """Wait for lines, graph and numbers."""
        self.find(".backward ol.lines li").first.wait_for()
        self.find(".drawing").wait_for()
        return self

    def take(self, offered, key):
        """Press a key while a completion is offered that has such a text."""
        self.find(".cm-tooltip-autocomplete", has_text=offered).wait_for()
        self.page.wait_for_timeout(200)
        self.page.keyboard.press(key)

    def show(self, view):
        self.find(f"#tab-{view}").click()

    def type(self, editor, text):
        self.find(f"{editor} .cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.press("Delete")
        self.page.keyboard.insert_text(text)

    def until(self, holds):
        """Poll what holds; the strict policy lets no test's text be evaluated as a condition."""
        for _ in range(300):
            if holds():
                return
            self.page.wait_for_timeout(100)
        raise AssertionError("what was waited for did not come")


def number(text):
    """A number as the board writes it."""
    mantissa, _, power = text.strip().replace("−", "-").partition(" · 10^")
    return float(mantissa) * 10.0 ** int(power or 0)


def mathml(page, selector):
    return [re.sub(r"\s+", "", text) for text in page.find(f"{selector} annotation").all_text_contents()]
