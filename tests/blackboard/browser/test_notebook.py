"""The widget in a real JupyterLab: a notebook is executed, and the board in it answers to keys in its shadow root."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys

import pytest

ROOT_OF_SOURCE = os.path.dirname(os.path.dirname(importlib.util.find_spec("wengert").origin))
KERNEL = {"name": "python3", "display_name": "Python 3"}
CELL = "import wengert as wg\nwg.equations('z = w x\\nL = ½ (z − t)²\\n').board(lang='ko')"


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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
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
    raise AssertionError("JupyterLab did not start")


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
