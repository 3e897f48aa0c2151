"""The widget in a real JupyterLab and a real marimo, and in a bare host whose policy is strict: it is shown, and answers to keys in its shadow root."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys

import pytest

from tests.blackboard.browser.page import ROOT
from wengert.blackboard.content import Content
from wengert.blackboard.page import bundle
from wengert.blackboard.samples import HIDDEN

ROOT_OF_SOURCE = os.path.dirname(os.path.dirname(importlib.util.find_spec("wengert").origin))
KERNEL = {"name": "python3", "display_name": "Python 3"}
BARE = ROOT / "tests" / "blackboard" / "browser" / "bare_host.js"
MARIMO = """import marimo

app = marimo.App()


@app.cell
def _():
    import wengert as wg

    wg.equations("z = w x\\nL = ½ (z − t)²\\n").board(lang="ko")
    return
"""
CELL = "import wengert as wg\nwg.equations('z = w x\\nL = ½ (z − t)²\\n').board(lang='ko')"


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def lab(request, tmp_path_factory):
    """The address of a JupyterLab with one notebook that shows a board."""
    if not request.config.option.browser:
        pytest.skip("a browser is driven by scripts/test --browser only")
    if importlib.util.find_spec("jupyterlab") is None:
        pytest.skip("JupyterLab is not installed")
    import nbformat

    folder = tmp_path_factory.mktemp("lab")
    cells = [nbformat.v4.new_code_cell(CELL)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), folder / "board.ipynb")
    port = free_port()
    kept = {f"JUPYTER_{name}_DIR": str(folder / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    environment = {**os.environ, **kept, "PYTHONPATH": ROOT_OF_SOURCE}
    options = [
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--IdentityProvider.token=t",
        f"--ServerApp.root_dir={folder}",
    ]
    with (folder / "log").open("w") as log:
        command = [sys.executable, "-m", "jupyterlab", *options, "--LabApp.news_url="]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        yield f"http://127.0.0.1:{port}/lab/tree/board.ipynb?token=t"
        process.terminate()
        process.wait(60)


def reached(page, address):
    """The page, once the server answers."""
    from playwright.sync_api import Error

    for _ in range(240):
        try:
            page.goto(address)
        except Error:
            page.wait_for_timeout(500)
        else:
            return
    raise AssertionError("the notebook's server did not start")


def test_a_notebook_shows_a_board_that_answers(browser, lab):
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(120_000)
    reached(page, lab)
    page.locator(".jp-Notebook .jp-InputArea-editor").click()
    page.locator("[data-status=idle], .jp-Notebook-ExecutionIndicator[data-status=idle]").first.wait_for()
    page.keyboard.press("Shift+Enter")
    page.locator(".backward ol.lines li").first.wait_for()
    assert page.locator(".board h1").inner_text() == "칠판"
    assert page.locator(".backward ol.lines li").count() == 5
    cells = page.locator(".jp-Cell").count()
    page.locator(".equations .cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("#bbxdd")
    page.locator(".equations .cm-content", has_text="#bbxdd").wait_for()
    assert page.locator(".jp-Cell").count() == cells
    page.locator(".b-next").click()
    assert page.locator(".count").inner_text() == "7단계 중 2단계"
    page.close()


def kept(boards):
    """The bytes of a notebook that was executed with so many boards, and saved with its widgets."""
    import nbclient
    import nbformat

    sources = ["import wengert as wg", *(f"wg.equations({HIDDEN!r}).board()" for _ in range(boards))]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
    nbclient.NotebookClient(notebook, timeout=300, store_widget_state=True).execute()
    return len(nbformat.writes(notebook).encode())


def test_a_notebook_grows_by_less_than_50_kB_a_board(browser, monkeypatch):
    pytest.importorskip("nbclient")
    monkeypatch.setenv("PYTHONPATH", ROOT_OF_SOURCE)
    sizes = [kept(boards) for boards in range(3)]
    assert 1000 < sizes[1] - sizes[0] < 50_000
    assert sizes[2] - sizes[1] < 50_000


@pytest.fixture
def marimo(browser, tmp_path):
    """The address of a marimo that shows a board."""
    if importlib.util.find_spec("marimo") is None:
        pytest.skip("marimo is not installed")
    (tmp_path / "board.py").write_text(MARIMO, encoding="utf-8")
    port = free_port()
    options = ["--headless", "--no-token", "--host=127.0.0.1", f"--port={port}"]
    with (tmp_path / "log").open("w") as log:
        command = [sys.executable, "-m", "marimo", "run", str(tmp_path / "board.py"), *options]
        environment = {**os.environ, "PYTHONPATH": ROOT_OF_SOURCE}
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        yield f"http://127.0.0.1:{port}"
        process.terminate()
        process.wait(60)


def test_marimo_shows_a_board_that_answers(browser, marimo):
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(120_000)
    reached(page, marimo)
    page.locator(".backward ol.lines li").first.wait_for()
    assert page.locator(".board h1").inner_text() == "칠판"
    assert page.locator(".backward ol.lines li").count() == 5
    page.locator(".equations .cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("z = w x + b\nL = ½ (z − t)²\n")
    page.locator(".frame title", has_text="b ").first.wait_for(state="attached")
    page.locator(".b-next").click()
    assert page.locator(".count").inner_text().endswith("2단계")
    page.close()


@pytest.mark.parametrize("scripts", ["'self' blob:", "'self' data:"])
def test_a_host_that_lets_code_be_imported_one_way_only_shows_the_board(browser, scripts):
    """Hosts have policies of their own: some let a blob be imported, some an address that holds the code."""
    content, files = Content(), {"/loader.js": bundle("loader.js"), "/host.js": BARE.read_bytes()}
    files["/"] = b'<!doctype html><div id="cell"></div><script type="module" src="/host.js"></script>'

    def served(route):
        path = route.request.url.removeprefix("http://127.0.0.1")
        kind = "text/javascript" if path.endswith(".js") else "text/html"
        policy = f"default-src 'none'; script-src {scripts}"
        route.fulfill(body=files[path], content_type=kind, headers={"Content-Security-Policy": policy})

    def answers(message):
        if message == {"type": "code"}:
            return [{"type": "code", "digest": "d", "code": bundle("widget.js").decode()}]
        return [{**reply, "id": message["id"]} for reply in content.reply(message)]

    with browser.new_context() as context:
        page = context.new_page()
        page.expose_function("answers", answers)
        page.expose_function("text", lambda: HIDDEN)
        page.route("http://127.0.0.1/**", served)
        page.goto("http://127.0.0.1/")
        page.locator(".backward ol.lines li").nth(7).wait_for()
        page.locator(".drawing").wait_for()
        page.locator(".b-next").click()
        assert page.locator(".count").inner_text() == "Step 2 of 12"
