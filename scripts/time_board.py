"""How long a board takes after a keystroke: python -m scripts.time_board [--browser]

Without a browser: processor time of each stage, medians over edits that were not seen before. With --browser: from the keystroke to the backward
lines and to the painted board in Chromium, and the processor time of the page's thread; the extra `browser` must be installed.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections import defaultdict
from typing import Any

from wengert.blackboard.content import Content
from wengert.blackboard.samples import HIDDEN

LAYERS = 20
EDITS = 14


def deep(layers: int = LAYERS) -> str:
    """Two lines a layer, by index."""
    letters = "ijkl"
    lines = []
    for k in range(1, layers + 1):
        a, b = letters[k % 4], letters[(k - 1) % 4]
        before = "x" if k == 1 else f"h⁽{raised(k - 1)}⁾"
        n = f"⁽{raised(k)}⁾"
        lines += [f"z{n}_{a} = Σ_{b} w{n}_{a}{b} {before}_{b} + b{n}_{a}", f"h{n}_{a} = σ(z{n}_{a})"]
    a, n = letters[layers % 4], f"⁽{raised(layers)}⁾"
    return "\n".join([*lines, f"L = ½ Σ_{a} (h{n}_{a} − t_{a})²", ""])


def raised(number: int) -> str:
    return "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(number))


def edits(text: str) -> list[str]:
    """Versions of a text with other factors of the loss."""
    return [text.replace("½", f"0.{k + 11}") for k in range(EDITS)]


def stages(name: str, text: str) -> None:
    """Print the processor time of each stage."""
    content, times = Content(), defaultdict[str, list[float]](list)
    list(content.edit(text))
    for edited in edits(text):
        begun = before = time.process_time()
        for reply in content.edit(edited):
            now = time.process_time()
            times[reply["type"]].append(1e3 * (now - before))
            before = now
        times["together"].append(1e3 * (before - begun))
        begun = time.process_time()
        list(content.reply({"type": "numbers", "text": edited, "values": {}}))
        times["a slider"].append(1e3 * (time.process_time() - begun))
    shown = " · ".join(f"{stage} {statistics.median(found):.0f}" for stage, found in times.items())
    print(f"{name}: ms of processor time: {shown}")


def in_chromium(name: str, text: str) -> None:
    """Print what a person sees: from a key to the backward lines and to the painted board, and first paint."""
    from playwright.sync_api import sync_playwright

    from tests.blackboard.server import Server

    server = Server()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(server.address)
        page.locator(".drawing").wait_for()
        paint = page.evaluate("performance.getEntriesByName('first-paint')[0]?.startTime")
        editor = page.locator(".equations .cm-content")
        tools = page.context.new_cdp_session(page)
        tools.send("Performance.enable", {"timeDomain": "threadTicks"})
        found: dict[str, list[float]] = {"board-backward": [], "board-painted": []}
        processor: list[float] = []
        for edited in edits(text):
            editor.click()
            page.keyboard.press("Control+a")
            page.evaluate("performance.clearMarks()")
            before = busy(tools)
            page.keyboard.insert_text(edited)
            for _ in range(600):
                marks = page.evaluate("performance.getEntriesByType('mark').map(m => [m.name, m.startTime])")
                last = dict(marks)
                if set(found) <= set(last) and last["board-painted"] > last["board-backward"] > last["board-typed"]:
                    break
                page.wait_for_timeout(50)
            processor.append(busy(tools) - before)
            for mark, times in found.items():
                times.append(last[mark] - last["board-typed"])
        browser.close()
    server.stop()
    shown = " · ".join(f"{mark.removeprefix('board-')} {statistics.median(times):.0f}" for mark, times in found.items())
    page_time = statistics.median(processor)
    print(
        f"{name}: ms from the keystroke, medians: {shown}; processor time of the page {page_time:.0f}; first paint {paint:.0f}"
    )


def busy(tools: Any) -> float:
    """Milliseconds of processor time of the page's main thread so far."""
    metrics = tools.send("Performance.getMetrics")["metrics"]
    return 1e3 * next(each["value"] for each in metrics if each["name"] == "TaskDuration")


def main() -> None:
    for name, text in (("hidden layer", HIDDEN), (f"{2 * LAYERS + 1} lines", deep())):
        stages(name, text)
        if "--browser" in sys.argv:
            in_chromium(name, text)


if __name__ == "__main__":
    main()
