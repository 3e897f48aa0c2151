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
    """Print what a person sees: first paint, from a key to the backward lines and to the painted board, and what follows a slider."""
    from playwright.sync_api import sync_playwright

    from tests.blackboard.server import Server

    server = Server()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(server.address)
        page.locator(".drawing").wait_for()
        paint = page.evaluate("performance.getEntriesByName('first-paint')[0]?.startTime")
        print(f"{name}: first paint {paint:.0f} ms")
        typed(name, page, text)
        page.locator("#tab-numbers").click()
        dragged(name, page)
        browser.close()
    server.stop()


def typed(name: str, page: Any, text: str) -> None:
    """From the keystroke to the backward lines and to the painted board."""
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.enable", {"timeDomain": "threadTicks"})
    found: dict[str, list[float]] = {"board-backward": [], "board-painted": []}
    processor: list[float] = []
    for edited in edits(text):
        page.locator(".equations .cm-content").click()
        page.keyboard.press("Control+a")
        page.evaluate("performance.clearMarks()")
        before = busy(tools)
        page.keyboard.insert_text(edited)
        last = painted(page, "board-typed", "board-backward")
        processor.append(busy(tools) - before)
        for mark, times in found.items():
            times.append(last[mark] - last["board-typed"])
    shown = " · ".join(f"{mark.removeprefix('board-')} {statistics.median(times):.0f}" for mark, times in found.items())
    page_time = statistics.median(processor)
    print(f"{name}: ms from the keystroke, medians: {shown}; processor time of the page {page_time:.0f}")


def dragged(name: str, page: Any) -> None:
    """From a movement of a slider to the painted numbers, one after the other, and how often they are painted in a drag of a second."""
    slider = page.locator(".card input[type=range]").first
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.3, middle)
    page.mouse.down()
    page.wait_for_timeout(1000)
    times: list[float] = []
    for k in range(EDITS):
        page.evaluate("performance.clearMarks()")
        page.mouse.move(box["x"] + box["width"] * (0.31 + 0.02 * k), middle)
        last = painted(page, "board-dragged")
        times.append(last["board-painted"] - last["board-dragged"])
    page.evaluate("performance.clearMarks()")
    begun = time.monotonic()
    while (now := time.monotonic() - begun) < 1:
        page.mouse.move(box["x"] + box["width"] * (0.6 - 0.5 * now), middle)
        page.wait_for_timeout(8)
    often = page.evaluate("performance.getEntriesByName('board-painted').length")
    page.mouse.up()
    worst = max(times)
    print(
        f"{name}: ms from a slider to painted numbers, median {statistics.median(times):.0f}, longest {worst:.0f}; painted {often} times in a second"
    )


def painted(page: Any, *before: str) -> dict[str, float]:
    """The times of the marks, once the board is painted after those that must come before."""
    for _ in range(3000):
        last: dict[str, float] = dict(
            page.evaluate("performance.getEntriesByType('mark').map(m => [m.name, m.startTime])")
        )
        if "board-painted" in last and all(mark in last and last[mark] < last["board-painted"] for mark in before):
            return last
        page.wait_for_timeout(10)
    raise SystemExit("the board was not painted")


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
