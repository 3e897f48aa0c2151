"""The templates of what is said, read off the source: strings that are sentences, with {} for what is put in."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

from wengert import errors
from wengert.languages.catalogue import CODE

SOURCE = Path(errors.__file__).parent
SENTENCE = re.compile(r"(?:[A-Z'{∂ΔΣ][^“”\n]* [^“”\n]*[.?])|(?:[A-Z][^“”\n]*:  \S[^“”\n]*)")
"""What is wrong, or what to write instead; see tests/test_messages.py."""
WORD = re.compile(r"[a-z]{2}")
HELP = {"help", "metavar", "epilog"}
"""Arguments that say what an option is: not translated."""
MAKERS = {"Mismatch", "NotRead", "Fault", "error_at", "error", "warn", "warning", "refuse"}
"""What makes a message, beside the exceptions."""
NOTES = {"notes", "_notes", "note", "details"}
"""Names under which what is said of a row is kept."""
TABLES = {"SENTENCES", "KINDS"}
"""Tables of the kinds of mistakes."""
PART = re.compile(r"[a-z]{2,} .*[a-z]{2}|[a-z]{2} {|} [a-z]{2}")
OWN = {"what", "repair", "reason"}
"""Names under which parts of a message are put together."""


def texts(node: ast.expr) -> list[str]:
    """The strings that an expression may be, with {} for what is put in; none for what is no string."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        return ["".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = texts(node.left), texts(node.right)
        return [a + b for a, b in product(left or ["{}"], right or ["{}"])] if left or right else []
    if isinstance(node, ast.IfExp):
        return texts(node.body) + texts(node.orelse)
    return []


def _sentences(tree: ast.AST) -> Iterator[str]:
    """The strings of a source that are sentences, but for docstrings and the help of options; of a sum of strings the whole."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.keyword) and node.arg in HELP:
            continue
        if isinstance(node, ast.expr) and (found := texts(node)):
            yield from found
        else:
            pending += ast.iter_child_nodes(node)


def _messages(tree: ast.AST) -> Iterator[str]:
    """The strings that messages are made of: where other sentences say what an op computes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if (name.endswith("Error") and name not in vars(builtins)) or name in MAKERS:
                yield from (text for each in (*node.args, *(k.value for k in node.keywords)) for text in texts(each))
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in OWN:
            yield from texts(node.value)


def _of_mistakes(node: ast.AST) -> Iterator[ast.expr]:
    """Where a node makes an edit, a note or a row of a review: what is said with it."""
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        owner = getattr(node.func.value, "attr", getattr(node.func.value, "id", "")) if name == "append" else ""  # type: ignore[attr-defined]  # a method has one
        yield from node.args if owner in NOTES else node.args[1:] if name in ("Edit", "JudgedLine") else ()
        yield from (word.value for word in node.keywords if word.arg in NOTES)
    if isinstance(node, ast.Yield | ast.Return) and isinstance(node.value, ast.Tuple):
        yield from node.value.elts[1:]  # behind its kind
    if (
        isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in ("note", "said")
    ):
        yield node.value
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in TABLES:
        assert isinstance(node.value, ast.Dict)
        yield from node.value.values


@cache
def mistakes(package: str) -> tuple[str, ...]:
    """The keys of what a package says of mistakes and in notes: parts of a sentence, without a capital letter."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted((SOURCE / package).rglob("*.py"))]
    parts = (part for tree in trees for node in ast.walk(tree) for part in _of_mistakes(node))
    strings = (text for part in parts for each in [*getattr(part, "elts", ()), part] for text in texts(each))
    return tuple(dict.fromkeys(re.sub(r"\{\w+\}", "{}", key(text)) for text in strings if PART.search(text)))


def key(text: str) -> str:
    """Under what a template stands in a catalogue: without the code in which it ends."""
    return text.split(CODE, 1)[0] if CODE in text else text


@cache
def templates(package: str, *, documented: bool = False) -> tuple[str, ...]:
    """The keys of the sentences of a package or module, each once; of one whose strings also document, those of messages."""
    module = SOURCE / f"{package}.py"
    paths = [module] if module.exists() else sorted((SOURCE / package).rglob("*.py"))
    read = _messages if documented else _sentences
    found = (text for path in paths for text in read(ast.parse(path.read_text(encoding="utf-8"))))
    return tuple(dict.fromkeys(key(text) for text in found if SENTENCE.fullmatch(text) and WORD.search(text)))
