"""Every sentence has its Korean; the mathematics in it stays, and so does what has none."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import wengert as wg
from scripts.size import FLOORS, package_of
from tests.languages.templates import SOURCE, key, mistakes, templates, texts
from wengert.core.ir.op import OPS
from wengert.errors import WengertError
from wengert.languages import LANGUAGES, catalogue, printed
from wengert.languages.catalogue import PLACE
from wengert.notes.claims.review import review

KOREAN = json.loads((SOURCE / "languages" / "ko.json").read_text(encoding="utf-8"))
DOCUMENTED = ("core/ir", "core/ops", "functions/tracing")
"""Packages whose sentences also say what an op computes, or are NumPy's: of these the messages."""
SPOKEN = sorted(
    {package_of(str(path.relative_to(SOURCE))) for path in SOURCE.rglob("*/*.py")} - {*DOCUMENTED, *FLOORS}
    | {path.stem for path in SOURCE.glob("*.py")} - {"__init__"}
)
"""Packages whose every sentence is said to the user."""
EXAMPLES = Path(__file__).parents[2] / "examples"
HANGUL = re.compile(r"[가-힣]")


@pytest.mark.parametrize("package", [*SPOKEN, *DOCUMENTED])
def test_every_sentence_has_its_korean(package: str) -> None:
    assert [each for each in templates(package, documented=package in DOCUMENTED) if each not in KOREAN] == []


@pytest.mark.parametrize(("package", "known"), [("notes/claims", 20), ("notes/reading", 20), ("programs", 25)])
def test_what_is_said_of_mistakes_has_its_korean(package: str, known: int) -> None:
    said = mistakes(package)
    assert len(said) >= known
    assert [each for each in said if each not in KOREAN] == []


def test_every_rule_of_a_step_has_its_korean() -> None:
    rules = {op.law for op in OPS.values() if op.law} | {"the quantity itself", "derivative of {}"}
    assert rules - KOREAN.keys() == set()


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_translation_puts_in_what_its_template_has(language: str) -> None:
    sentences = json.loads((SOURCE / "languages" / f"{language}.json").read_text(encoding="utf-8"))
    for english, meant in sentences.items():
        places = len(PLACE.findall(english))
        assert all(number.isdigit() and int(number) < places for number in PLACE.findall(meant)), english
        assert HANGUL.search(re.sub(r"'[^']*'", "", meant)) or not re.search(r"[a-z]{3}", english), english


@pytest.mark.parametrize("sentence", [each for each in KOREAN if each.endswith((".", "?"))])
def test_a_sentence_is_found_by_what_is_put_in(sentence: str) -> None:
    """Where another template fits as well, it is one with the same words."""
    filled = PLACE.sub("q7", sentence)
    assert HANGUL.search(catalogue("ko").text(filled))


def test_names_and_code_are_not_touched() -> None:
    said = catalogue("ko").text("The function 'open' is not applied to anything.")
    assert "'open'" in said
    assert catalogue("ko").text("Write:  open(x)").endswith(":  open(x)")


def test_what_has_no_korean_stays() -> None:
    text = "A sentence that nobody wrote.\n  z = w x\n      ^\n"
    assert printed(text, "ko") == text
    assert printed("Complete it.", "en") == "Complete it."


def test_two_sentences_are_said_one_after_the_other() -> None:
    assert catalogue("ko").text("Complete it. Remove it.") == "마저 쓰십시오. 지우십시오."


def test_words_that_are_put_in_are_said_in_korean_too() -> None:
    words = catalogue("ko")
    assert words.text("'y' is a vector, but its right side is a matrix.") == "'y'은(는) 벡터인데, 우변은 행렬입니다."
    assert words.text("read with X as a matrix; w, y as vectors") == "읽은 방식: X 행렬; w, y 벡터"
    assert words.text("Give it a name of its own:  s = expression") == "따로 이름을 붙이십시오:  s = expression"


def test_a_language_without_sentences_is_refused() -> None:
    with pytest.raises(WengertError, match="There is no language 'tlh' here"):
        catalogue("tlh")


def test_steps_keep_their_mathematics_and_their_columns() -> None:
    english = wg.equations((EXAMPLES / "hidden_layer.txt").read_text(encoding="utf-8")).backward().steps()
    korean = printed(english, "ko")
    for one, other in zip(english.split("\n"), korean.split("\n"), strict=True):
        assert one == other or "rules" in one or one[13:] == other[-len(one[13:]) :]
    assert "연쇄 법칙  ȳ_k = L̄ ∂L/∂y_k" in korean
    assert not re.search(r"\b(rules?|children|result|derivative)\b", korean)


def test_a_review_is_said_in_korean() -> None:
    english = review((EXAMPLES / "by_hand.md").read_text(encoding="utf-8")).text()
    korean = printed(english, "ko")
    assert "추정 원인: k에 대한 합이 빠졌습니다" in korean
    assert "고친 줄:  h̄_i = Σ_k ȳ_k v_ki" in korean
    assert korean.endswith("맞음 5, 틀림 1, 읽지 못함 0; 체계 1")


PROGRAM = """import numpy as np

def forward(x, W, b):
    z = x @ W + b
    return np.tanh(z), (x, W, z)

def backward(dh, cache):
    x, W, z = cache
    dz = dh * (1 - np.tanh(z) ** 2)
    dW = x.T @ dz
    db = dz.mean(axis=0)
    dx = dz @ W.T
    return dx, dW, db
"""


def test_a_review_of_code_is_said_in_korean(tmp_path: Path) -> None:
    file = tmp_path / "layer.py"
    file.write_text(PROGRAM, encoding="utf-8")
    said = command("check", "--run", str(file), "--lang", "ko").stdout
    assert "추정 원인: 합 대신 평균을, 또는 평균 대신 합을 썼습니다" in said
    assert "고친 줄:  db = dz.sum(axis=0)" in said
    assert "결과: 맞음 2, 틀림 1, 판정하지 않음 0" in said
    assert said.splitlines()[-1] == "맞음 3, 맞는 결과의 일부 0, 틀림 1; 쌍 1"


@pytest.mark.parametrize("text", ["y = w x +", "y = sin", "y = 2 3", "w + x = b", r"y = \sigm(z)", "y = |x"])
def test_the_errors_of_the_reader_are_said_in_korean(text: str) -> None:
    with pytest.raises(wg.EquationError) as caught:
        wg.equations(text)
    what, *where, repair = printed(str(caught.value), "ko").split("\n")
    assert where == caught.value.where.split("\n")
    assert HANGUL.search(what)
    assert HANGUL.search(repair)


def command(*words: str, language: str = "") -> subprocess.CompletedProcess[str]:
    """The command line with a language in its environment."""
    run = [sys.executable, "-c", "from wengert.cli import main; main()", *words]
    return subprocess.run(run, capture_output=True, text=True, env={**os.environ, "WENGERT_LANG": language})


def test_a_command_speaks_the_language_of_its_option(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("z = w x +", encoding="utf-8")
    said = command("derive", str(wrong), "--lang", "ko")
    assert (said.returncode, said.stderr.splitlines()[0]) == (2, "식이 너무 일찍 끝납니다.")
    said = command("--lang", "ko", "check", str(EXAMPLES / "by_hand.md"))
    assert (said.returncode, said.stdout.splitlines()[-1]) == (1, "맞음 5, 틀림 1, 읽지 못함 0; 체계 1")


def test_a_command_speaks_the_language_of_its_environment() -> None:
    steps = ["derive", str(EXAMPLES / "hidden_layer.txt"), "--steps"]
    assert "연쇄 법칙" in command(*steps, language="ko").stdout
    assert "chain rule" in command(*steps, "--lang", "en", language="ko").stdout
    refused = command(*steps, language="tlh")
    assert (refused.returncode, refused.stderr.splitlines()[0]) == (2, "There is no language 'tlh' here.")


def test_templates_are_read_off_the_source() -> None:
    tree = ast.parse('f("Give " + (f"{n} more." if n else "none of it."))', mode="eval").body
    assert isinstance(tree, ast.Call)
    assert texts(tree.args[0]) == ["Give {} more.", "Give none of it."]
    assert key("Write, for example:  z = w x") == "Write, for example"
