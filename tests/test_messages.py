"""Every message in the source is of one style: a sentence, a place or an indented fact, and a sentence or code to copy."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from wengert import errors
from wengert.errors import place

SOURCE = Path(errors.__file__).parent
RAISED = {name for name in vars(errors) if name.endswith("Error")}
MAKERS = RAISED | {"Mismatch", "error_at", "error", "warn", "warning", "refuse"}
MAKES = re.compile(rf"\b({'|'.join(sorted(MAKERS))})\(")
WHAT = re.compile(r"[^a-z“”][^“”]*[.}]")
REPAIR = re.compile(r"[A-Z{][^“”]*(?:[.?}]|:  \S[^“”]*)")


def text_of(node: ast.expr) -> str | None:
    """A string with {} for what is put in; None for any other expression."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def messages() -> Iterator[tuple[str, list[str]]]:
    """(place in the source, the strings) of every call that makes an error or a warning."""
    for path in sorted(SOURCE.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if not MAKES.search(source):  # most files make no message, and to parse takes long
            continue
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            texts = [text_of(argument) for argument in (*node.args, *(k.value for k in node.keywords))]
            found = [text for text in texts if text is not None]
            if name in MAKERS and found:
                yield f"{path.relative_to(SOURCE)}:{node.lineno} {name}", found


def faults(texts: list[str]) -> list[str]:
    """What is not of the style."""
    places = [text for text in texts if text.startswith("  ")]
    sentences = [text for text in texts if not text.startswith("  ")]
    wrong = [text for text in places if text.endswith(".") or text.startswith("   ")]
    if len(sentences) == 1:  # what is wrong, or the repair of what was put together before
        return wrong + [text for text in sentences if not WHAT.fullmatch(text) and not REPAIR.fullmatch(text)]
    wrong += [text for text in sentences[:1] if not WHAT.fullmatch(text)]
    return wrong + [text for text in sentences[1:] if not REPAIR.fullmatch(text)]


def test_every_message_is_of_one_style() -> None:
    found = list(messages())
    assert len(found) > 250
    assert {where: wrong for where, texts in found if (wrong := faults(texts))} == {}


@pytest.mark.parametrize(
    "texts",
    [
        ["there is no form.", "Write one."],
        ["There is no form", "Write one."],
        ["There is no “form”.", "Write one."],
        ["There is no form.", "write one."],
        ["There is no form.", "Write for example x = 1"],
        ["There is no form.", "  a fact.", "Write one."],
    ],
)
def test_another_style_is_found(texts: list[str]) -> None:
    assert faults(texts)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("y = (a", "  y = (a\n      ^"),
        ("\ny = (a\n", "  y = (a\n      ^"),
        ("x = 1\ny = (a", "  line 2: y = (a\n              ^"),
        ("x = 1\nȳ = (a\n", "  line 2: ȳ = (a\n              ^"),
        ("한 = (a", "  한 = (a\n       ^"),
        ("y\t= (a\r\n", "  y = (a \n      ^"),
    ],
)
def test_a_place_has_the_number_of_its_line_where_there_are_several(text: str, where: str) -> None:
    start = text.index("(")
    assert place(text, start, start + 1) == where
