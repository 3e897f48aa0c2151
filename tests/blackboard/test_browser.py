"""The board driven in Chromium as a person would: typed, stepped, dragged, judged, trained, exported, reopened without a network.

scripts/test --browser        needs Chromium; on Debian: apt-get install --no-install-recommends chromium fonts-nanum fonts-liberation
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.blackboard.chromium import launched
from tests.blackboard.server import Server
from wengert.blackboard.samples import EXAMPLES, HIDDEN, UNIT

ROOT = Path(__file__).parents[2]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = {"wide": {"width": 1280, "height": 900}, "narrow": {"width": 390, "height": 844}}
VIEWS = ("lesson", "numbers", "homework", "compare", "train")
LONG = 30_000  # milliseconds that a busy machine may take


def pytest_generate_tests(metafunc):
    if "view" in metafunc.fixturenames:
        metafunc.parametrize("view", VIEWS)


@pytest.fixture(scope="module")
def browser(request):
    yield from launched(request)


@pytest.fixture(scope="module")
def server(browser):
    made = Server([str(ROOT / "examples" / "hidden_layer.txt")])
    yield made
    made.stop()


class Page:
    """A board in a page of its own, with what its console and its policy complained of."""

    def __init__(self, browser, address, size="wide", dark=False, **options):
        scheme = "dark" if dark else "light"
        self.context = browser.new_context(viewport=SIZES[size], color_scheme=scheme, **options)
        self.context.set_default_timeout(LONG)
        self.page = self.context.new_page()
        self.complaints = []
        self.page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type in ("error", "warning") else 0
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(address)
        self.page.locator(".grid").wait_for()

    def __enter__(self):
        return self

    def __exit__(self, *fault):
        self.context.close()
        if fault[0] is None:
            assert self.complaints == []

    def find(self, selector, **narrower):
        return self.page.locator(selector, **narrower)

    def text(self, selector):
        return self.find(selector).inner_text()

    def ready(self):
        """Wait for lines, graph and numbers."""
        self.find(".backward ol.lines li").first.wait_for()
        self.find(".drawing").wait_for()
        return self

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


@pytest.fixture
def board(browser, server):
    with Page(browser, server.address) as opened:
        yield opened.ready()


def mathml(page, selector):
    return [re.sub(r"\s+", "", text) for text in page.find(f"{selector} annotation").all_text_contents()]


def test_the_token_is_not_in_the_address_any_more(board, server):
    assert board.page.url == f"http://{server.host}/"


def test_a_line_that_is_typed_changes_the_bars_that_it_should(board):
    before = mathml(board, ".backward ol.lines")
    board.type(".equations", HIDDEN.replace("½ Σ_k (y_k − t_k)²", "Σ_k |y_k − t_k|"))
    board.until(lambda: mathml(board, ".backward ol.lines") != before)
    after = mathml(board, ".backward ol.lines")
    assert len(after) == len(before)
    assert [k for k, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [1]
    assert "sign" in after[1]


def test_signs_are_completed(board):
    board.type(".equations", "")
    board.page.keyboard.type("y = \\sigm")
    board.find(".cm-tooltip-autocomplete").wait_for()
    board.page.wait_for_timeout(200)
    board.page.keyboard.press("Enter")
    board.until(lambda: "σ" in board.text(".equations .cm-content"))


def test_names_are_completed_with_their_labels_and_letters(board):
    board.find(".equations .cm-content").click()
    board.page.keyboard.press("Control+End")
    board.page.keyboard.type("q_k = w2")
    board.find(".cm-tooltip-autocomplete", has_text="w⁽²⁾_ki").wait_for()
    board.page.wait_for_timeout(200)
    board.page.keyboard.press("Tab")
    board.until(lambda: "q_k = w⁽²⁾_ki" in board.text(".equations .cm-content"))


def test_enter_ends_the_line_where_a_name_is_offered(board):
    board.type(".equations", "rate = 1\n")
    board.page.keyboard.type("z = ra")
    board.find(".cm-tooltip-autocomplete", has_text="rate").wait_for()
    board.page.wait_for_timeout(200)
    board.page.keyboard.press("Enter")
    board.page.keyboard.type("y = 2")
    board.until(lambda: board.find(".equations .cm-line").count() == 3)
    assert [text.partition("∈")[0] for text in board.find(".equations .cm-line").all_text_contents()[1:]] == [
        "z = ra",
        "y = 2",
    ]


def test_bars_of_the_equations_are_completed_in_ones_own_lines(board):
    board.show("homework")
    board.find(".own .cm-content").click()
    board.page.keyboard.type("b2")
    board.find(".cm-tooltip-autocomplete", has_text="b̄⁽²⁾_k").wait_for()
    board.page.wait_for_timeout(200)
    board.page.keyboard.press("Tab")
    board.until(lambda: "b̄⁽²⁾_k" in board.text(".own .cm-content"))


def test_a_half_typed_line_leaves_the_last_board_grey_and_is_explained(board):
    bars = mathml(board, ".backward ol.lines")
    board.type(".equations", HIDDEN.replace("σ(z_i)", "σ(z_i"))
    board.find(".board.stale").wait_for()
    assert board.find(".equations .cm-lint-marker-error").count() == 1
    assert board.find(".problem.error pre").inner_text().endswith("^")
    assert mathml(board, ".backward ol.lines") == bars
    assert "last board" in board.text(".state")
    board.type(".equations", HIDDEN)
    board.until(lambda: board.find(".board.stale").count() == 0)


def test_a_repair_is_one_click(board):
    board.type(".equations", "y = W x\nL = ½ ‖y − t‖²\nL2 = foo(y)\n")
    board.find(".mend").click()
    board.until(lambda: board.find(".problem.error").count() == 0)
    assert "foo: function" in board.text(".equations .cm-content")


def test_the_bars_are_checked_when_typing_rests(board):
    board.until(lambda: "checked: 7 quantities" in board.text(".checked"))
    board.type(".equations", UNIT)
    board.until(lambda: "checked: 4 quantities" in board.text(".checked"))


def test_another_language_is_that_of_the_check_too_and_values_stay(board):
    board.show("numbers")
    board.find(".card[data-name='b⁽²⁾'] input[type=number]").fill("0.125")
    board.find(".card[data-name='b⁽²⁾'] input[type=number]").press("Enter")
    board.find("select[aria-label=Language]").select_option("ko")
    board.ready()
    board.until(lambda: board.text(".checked").startswith("✓ 검산"))
    board.page.wait_for_timeout(1000)
    assert board.text(".checked").startswith("✓ 검산")
    board.show("numbers")
    board.until(lambda: board.find(".card[data-name='b⁽²⁾'] input[type=number]").input_value() == "0.125")


def test_shapes_are_read_beside_each_line(board):
    assert board.find(".equations .read-as").count() == 4


def test_an_example_is_chosen_from_the_menu(board):
    board.find("select[aria-label=Examples]").select_option("attention")
    board.until(lambda: "softmax" in board.text(".equations .cm-content"))
    board.until(lambda: board.find(".frame title").first.text_content().startswith("S "))


def test_the_stepper_goes_through_all_lines_by_button_and_by_key(board):
    total = int(re.search(r"of (\d+)", board.text(".count"))[1])
    assert total == 4 + 8
    for k in range(total):
        assert board.text(".count") == f"Step {k + 1} of {total}"
        assert board.find("li.now").count() >= 1
        board.page.keyboard.press("ArrowRight") if k % 2 else board.find(".b-next").click()
    assert board.text(".count") == f"Step {total} of {total}"
    board.page.keyboard.press("Home")
    assert board.text(".count").startswith("Step 1 ")
    board.page.keyboard.press("End")
    board.page.keyboard.press("ArrowLeft")
    assert board.text(".count") == f"Step {total - 1} of {total}"


def test_a_backward_step_lights_its_line_its_node_its_edges_and_explains_itself(board):
    for _ in range(6):
        board.page.keyboard.press("ArrowRight")
    assert board.find(".backward li.now").count() == 1
    assert board.find(".frame.now").count() == 1
    assert board.find(".arrow.back.now").count() == 1
    keys = board.find(".explain .key").all_inner_texts()
    assert keys == ["children", "from", "rules", "chain rule", "result"]
    assert board.find(".explain .rule").all_inner_texts() == ["sum rule", "product rule"]


def test_play_steps_by_itself_and_pauses(board):
    board.find("select[aria-label=Speed]").select_option("2")
    board.find("button.play").click()
    board.until(lambda: not board.text(".count").startswith("Step 1 "))
    board.find("button.play").click()
    now = board.text(".count")
    board.page.wait_for_timeout(1500)
    assert board.text(".count") == now


def test_a_symbol_that_is_pointed_at_lights_up_at_all_its_places(board):
    board.find(".forward ol.lines li").nth(1).locator("[data-q]").first.hover()
    board.find(".lit").first.wait_for()
    assert board.find(".forward .lit").count() >= 2
    assert board.find(".backward .lit").count() >= 1
    assert board.find(".frame.lit").count() == 1


@pytest.mark.parametrize(("form", "sign"), [("matrix", "\\top"), ("elements", "h_{1}"), ("index", "_{ki}")])
def test_the_form_is_switched_in_place(board, form, sign):
    board.find("select[aria-label=Form]").select_option(form)
    board.until(lambda: any(sign.replace(" ", "") in line for line in mathml(board, ".backward ol.lines")))


def test_a_slider_moves_the_numbers_forward_and_backward(board):
    board.show("numbers")
    card = board.find(".card[data-name='b⁽²⁾']")
    card.wait_for()
    loss = board.find(".forward .value-of").last
    before = loss.inner_text()
    slider = card.locator("input[type=range]")
    slider.fill("2")
    board.until(lambda: loss.inner_text() != before)
    assert card.locator("input[type=number]").input_value() == "2"
    before = loss.inner_text()
    box = slider.bounding_box()
    board.page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2)
    board.page.mouse.down()
    board.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] / 2, steps=8)
    board.page.mouse.up()
    board.until(lambda: loss.inner_text() != before)
    assert board.find(".at-node").count() == 9 + 1


def test_an_entry_of_a_heat_map_is_chosen_and_typed(board):
    board.show("numbers")
    card = board.find(".card[data-name='w⁽¹⁾']")
    card.locator(".cell").nth(4).click()
    assert card.locator("select").input_value() == "1,1"
    card.locator("input[type=number]").fill("0.75")
    card.locator("input[type=number]").press("Enter")
    board.until(lambda: "[2, 2] = 0.75" in card.locator(".cell title").nth(4).text_content())


def test_a_nudge_shows_the_change_beside_the_bar_times_the_step(board):
    board.show("numbers")
    board.find(".card[data-name='b⁽²⁾'] .nudge").click()
    board.find(".nudged .arrows").wait_for()
    assert re.search(r"L changes by .*; the bar times that is", board.text(".nudged:has(.arrows)"))


def test_ones_own_lines_are_judged_with_a_hint_before_the_correction(board):
    board.show("homework")
    board.type(".own", "ȳ_k = y_k − t_k\nh̄_i = Σ_k ȳ_k w⁽²⁾_ik\n")
    board.find(".row-holds").wait_for()
    wrong = board.find(".row-wrong")
    assert wrong.count() == 1
    assert "w⁽²⁾_ki" not in wrong.inner_text()
    wrong.locator(".more").click()
    assert "transposed" in wrong.inner_text()
    assert "w⁽²⁾_ki" not in wrong.inner_text()
    wrong.locator(".more").click()
    wrong.locator(".more").click()
    assert "h̄_i = Σ_k ȳ_k w⁽²⁾_ki" in wrong.inner_text()
    assert board.text(".verdict .summary") == "1 of 7 bars hold."


def test_a_link_opens_an_exercise_without_its_derivation(board, browser, server):
    board.type(".equations", UNIT)
    board.show("homework")
    board.find(".share").click()
    link = board.find("input.link").input_value()
    assert "#exercise=" in link
    with Page(browser, server.address) as other:
        other.page.goto(link)
        other.find(".own").wait_for()
        assert other.find("[role=tab]").all_inner_texts() == ["Homework"]
        assert other.find(".panel.backward").count() == 0
        assert "σ(z)" in other.text(".equations .cm-content")
        other.type(".own", "ȳ = y − t\nz̄ = ȳ σ'(z)\nw̄_j = z̄ x_j\nb̄ = z̄\n")
        other.until(lambda: other.text(".verdict .summary") == "All 4 bars hold.")


def test_a_swapped_loss_marks_the_lines_that_change(board):
    board.show("compare")
    board.until(lambda: board.find("select[aria-label='Swap the loss'] option").count() == 4)
    board.find("select[aria-label='Swap the loss']").select_option("absolute")
    board.find("tr.changed").first.wait_for()
    assert board.text(".changes .summary") == "1 of 7 lines of the backward pass differs."
    assert board.find("tr.changed").count() == 2
    board.find(".expand").click()
    board.find(".counts").wait_for()
    assert board.find(".counts tbody tr").count() == 3


def test_a_training_runs_pauses_steps_and_stops(board):
    board.type(".equations", EXAMPLES["moons"])
    board.show("train")
    board.find("input[aria-label=Sizes]").fill("h=8")
    board.find("input[aria-label=Epochs]").fill("100000")
    board.find("button.start").click()
    board.find(".u-wrap").wait_for()
    board.find("canvas[role=img]").wait_for()
    board.until(lambda: "accuracy" in board.text(".training .summary"))
    board.find("button.start").click()
    board.until(lambda: not board.find("button.one").is_disabled())
    board.page.wait_for_timeout(500)
    epoch = int(re.search(r"epoch (\d+)", board.text(".training .summary"))[1])
    board.find("button.one").click()
    board.until(lambda: f"epoch {epoch + 1} " in board.text(".training .summary"))
    board.find("button.stop").click()
    assert "stopped" in board.text(".training .summary")
    assert board.find(".parameters .card").count() == 4


def test_a_csv_file_is_trained_with(board, tmp_path):
    rows = "\n".join(f"{k % 7 - 3},{k % 5 - 2},{int(k % 7 - 3 > k % 5 - 2)}" for k in range(70))
    (tmp_path / "side.csv").write_text(f"a,b,side\n{rows}\n")
    board.type(".equations", UNIT)
    board.show("train")
    with board.page.expect_file_chooser() as chooser:
        board.find("select[aria-label=Data]").select_option("csv")
    chooser.value.set_files(tmp_path / "side.csv")
    board.until(lambda: "side.csv" in board.text(".training .summary"))
    board.find("button.start").click()
    board.until(lambda: board.text(".training .summary").startswith("done"))


def test_a_fault_of_a_training_is_told(board):
    board.show("train")
    board.find("input[aria-label=Binding]").fill("x=nothing")
    board.find("button.start").click()
    board.find(".training .problem.error").wait_for()
    assert "nothing" in board.text(".training .problem.error")


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


def test_a_lost_connection_is_told(browser):
    own = Server()
    opened = Page(browser, own.address).ready()
    own.stop()
    opened.find(".board.stale").wait_for()
    assert "connection" in opened.text(".state")
    opened.context.close()


def test_names_and_words_that_are_markup_are_shown_as_text(board):
    board.type(".equations", "# <img src=x onerror=alert(1)>\nL_<b>x</b> = <script>alert(1)</script>\n")
    board.find(".problem.error").wait_for()
    assert board.find("img:not(.cm-widgetBuffer), .problem script, .problem b").count() == 0
    assert "<b>" in board.text(".problem.error")


def test_everything_is_reached_by_the_keyboard_alone(browser, server):
    with Page(browser, server.address) as board:
        board.ready()
        board.page.keyboard.press("Tab")
        for name in ("numbers", "homework", "compare", "train", "lesson"):
            board.page.keyboard.press("ArrowRight")
            assert board.find(f"#tab-{name}").get_attribute("aria-selected") == "true"
            assert board.find(f"#tab-{name}:focus").count() == 1
        reached = set()
        for _ in range(40):
            board.page.keyboard.press("Tab")
            reached.add(
                board.page.evaluate(
                    "(() => { const a = document.getElementById('board').shadowRoot.activeElement; return a ? a.getAttribute('aria-label') || a.getAttribute('aria-labelledby') || a.textContent : ''; })()"
                )
            )
        assert {
            "Form",
            "Examples",
            "Language",
            "Equations",
            "h-graph",
            "h-forward",
            "h-backward",
            "Next",
            "Play",
        } <= reached


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious(browser, server, view, size, dark):
    with Page(browser, server.address, size, dark, bypass_csp=True) as board:
        board.ready()
        _fill(board, view)
        board.page.add_script_tag(path=str(AXE))
        found = board.page.evaluate("axe.run({resultTypes: ['violations']})")
        serious = [
            (rule["id"], [node["html"][:160] for node in rule["nodes"]][:3], rule["nodes"][0].get("failureSummary"))
            for rule in found["violations"]
            if rule["impact"] in ("serious", "critical")
        ]
        assert serious == []


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_each_view_fits_its_width_in_both_languages(browser, server, request, tmp_path, view, size, dark, lang):
    with Page(browser, server.address, size, dark) as board:
        board.ready()
        board.find("select[aria-label=Language]").select_option(lang)
        board.ready()
        assert board.find(".board").get_attribute("lang") == lang
        words = {"en": "Board", "ko": "칠판"}
        assert board.text("h1") == words[lang]
        _fill(board, view)
        wide = board.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= SIZES[size]["width"]
        folder = Path(request.config.option.pictures or tmp_path)
        folder.mkdir(parents=True, exist_ok=True)
        name = f"board-{view}-{size}-{'dark' if dark else 'light'}-{lang}.png"
        board.page.screenshot(path=folder / name, full_page=True)


def _fill(board, view):
    """Something to see in each view."""
    if view == "lesson":
        for _ in range(8):
            board.page.keyboard.press("ArrowRight")
        board.until(lambda: board.text(".checked").startswith(("✓ checked", "✓ 검산")))
        return
    board.show(view)
    if view == "numbers":
        board.find(".card[data-name='b⁽¹⁾'] .nudge").click()
        board.find(".nudged .arrows").wait_for()
    elif view == "homework":
        board.type(".own", "ȳ_k = y_k − t_k\nh̄_i = Σ_k ȳ_k w⁽²⁾_ik\nz̄_i = h̄_i (1 − h_i)\n")
        board.find(".row-wrong").first.wait_for()
        board.find(".row-wrong .more").first.click()
    elif view == "compare":
        board.until(lambda: board.find(".other select option").count() == 4)
        board.find(".other select").select_option("absolute")
        board.find("tr.changed").first.wait_for()
        board.find(".expand").click()
        board.find(".counts").wait_for()
    elif view == "train":
        board.type(".equations", EXAMPLES["moons"])
        board.until(lambda: board.find(".board.stale").count() == 0)
        board.find(".fields input[type=text]").nth(1).fill("h=8")
        board.find("button.start").click()
        board.until(lambda: "300" in board.text(".training .summary") and board.find("button.stop").is_disabled())
