"""One file that opens without server and network."""

from __future__ import annotations

import contextlib
import re

import pytest

from tests.blackboard.browser.page import Page, mathml, number
from tests.blackboard.documents import LINES, arguments, written
from wengert.blackboard.samples import LECTURE
from wengert.cli import main


def test_the_page_is_saved_and_opens_without_a_network(board, browser, tmp_path):
    with board.page.expect_download() as download:
        board.find("button.save").click()
    path = tmp_path / "board.html"
    download.value.save_as(path)
    requests = []
    with Page(browser, path.as_uri(), offline=True) as saved:
        saved.page.on("request", lambda request: requests.append(request.url))
        saved.page.reload()
        saved.ready()
        assert saved.text(".count") == "Step 1 of 12"
        assert "checked: 7 quantities" in saved.text(".checked")
        saved.page.keyboard.press("End")
        assert saved.text(".count") == "Step 12 of 12"
        saved.find("select[aria-label=Form]").select_option("matrix")
        saved.until(lambda: any("\\top" in line for line in mathml(saved, ".backward ol.lines")))
        saved.show("numbers")
        assert saved.find(".at-node").count() == 10
        assert saved.find(".card input[type=range]").first.is_disabled()
        assert "need the engine" in saved.text(".state")
        saved.find("select[aria-label=Language]").select_option("ko")
        assert "엔진" in saved.text(".state")
    assert [address for address in requests if not address.startswith(("file:", "data:"))] == []


def test_a_file_of_the_command_opens_without_a_network(browser, monkeypatch, tmp_path):
    out = tmp_path / "unit.html"
    values = ["--set", "w=0.5", "--set", "x=2", "--set", "b=0.25", "--set", "t=1", "--set", "λ=0.1"]
    (tmp_path / "unit.txt").write_text(LECTURE, encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["wengert", "board", str(tmp_path / "unit.txt"), "-o", str(out), *values])
    with contextlib.suppress(SystemExit):
        main()
    with Page(browser, out.as_uri(), offline=True) as saved:
        saved.ready()
        saved.page.keyboard.press("End")
        assert re.fullmatch(r"Step (\d+) of \1", saved.text(".count"))
        saved.show("numbers")
        assert saved.find(".card[data-name='x'] input[type=number]").input_value() == "2"
        assert number(saved.find(".forward .value-of").first.inner_text()) == 1.25
        for view in ("homework", "train"):
            saved.show(view)
            assert saved.find(".grid .hint", has_text="needs the engine").is_visible()


@pytest.mark.parametrize("document", LINES)
def test_a_document_of_any_kind_is_written_and_opens_without_a_network(browser, monkeypatch, tmp_path, document):
    written(tmp_path)
    out = tmp_path / "board.html"
    monkeypatch.setattr("sys.argv", ["wengert", "board", *arguments(tmp_path, document), "-o", str(out)])
    main()
    with Page(browser, out.as_uri(), offline=True) as saved:
        saved.ready()
        assert (
            saved.find(".forward ol.lines li").count()
            == saved.find(".equations .read-as").count()
            == len(LINES[document])
        )
        assert saved.text(".checked").startswith("✓ checked")
        saved.page.keyboard.press("End")
        assert re.fullmatch(r"Step (\d+) of \1", saved.text(".count"))
        assert not saved.find("select.systems").is_visible()
