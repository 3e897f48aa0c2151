"""README, CONTRIBUTING and docs run: Python blocks in order, commands as typed; what they print is what stands there.

```python    is executed, all blocks of a document in one namespace
```text      directly after a Python block is what that block prints
```console   holds commands after "$ " (a backslash continues a line) and what each prints
Other blocks are not run. In an expected text "…" stands for any text within a line, a line of "…" for any lines; a rounding
error such as 4e-16 stands for every number up to 1e-9. Each document runs in a folder of its own with a copy of the examples.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from wengert import cli

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROUNDING = re.compile(r"\b\d(?:\.\d+)?e-(?:09|[1-9]\d)\b|\b0e\+00\b")


def blocks(text: str) -> list[tuple[str, str, int, int]]:
    """(language, content, its line in the document, where it begins) of each fenced block."""
    return [(m[1], m[2], text[: m.start()].count("\n") + 1, m.start()) for m in FENCE.finditer(text)]


def commands(content: str) -> list[tuple[str, str]]:
    """(command, expected output) for each "$ " line of a console block."""
    parts = re.split(r"^\$ ", content, flags=re.MULTILINE)
    assert parts[0] == ""
    found = []
    for part in parts[1:]:
        command, _, output = re.sub(r"\\\n\s*", "", part).partition("\n")
        found.append((command, output))
    return found


def typed(command: str) -> str:
    """What a wengert command prints, standard error after standard output."""
    said, complained = io.StringIO(), io.StringIO()
    program, *arguments = shlex.split(command)
    assert program == "wengert", command
    before = sys.argv
    sys.argv = [program, *arguments]
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained), contextlib.suppress(SystemExit):
            cli.main()
    finally:
        sys.argv = before
    return said.getvalue() + complained.getvalue()


def printed(code: str, names: dict[str, object], place: str) -> str:
    """What a Python block prints; its lines can be looked up, as those of a file, by the messages that show them."""
    said = io.StringIO()
    linecache.cache[place] = len(code), None, code.splitlines(keepends=True), place
    with contextlib.redirect_stdout(said):
        exec(compile(code, place, "exec"), names)
    return said.getvalue()


def pattern(expected: str) -> str:
    """The expected text as a pattern."""
    rows = [
        "(?:.*\n)*?" if row.strip() == "…" else re.escape(row).replace("…", ".*") + "\n"
        for row in ROUNDING.sub("ROUNDING", expected.rstrip()).split("\n")
    ]
    return "".join(rows)


def agrees(expected: str, found: str) -> bool:
    """Whether the text is what is expected, rounding errors and "…" aside."""
    return re.fullmatch(pattern(expected), ROUNDING.sub("ROUNDING", found.rstrip() + "\n")) is not None


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_document_runs_and_prints_what_it_says(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    names: dict[str, object] = {"__name__": "__main__"}
    pending: tuple[str, str] | None = None
    for language, content, line, _ in [*blocks(path.read_text(encoding="utf-8")), ("end", "", 0, 0)]:
        place = f"{path.name}, line {line}"
        if pending is not None:
            said, before = pending
            expected = content if language == "text" else ""
            assert agrees(expected, said) or (not expected and not said), f"{before}\n{said}"
            pending = None
        if language == "python":
            pending = printed(content, names, place), place
        elif language == "console":
            for command, expected in commands(content):
                found = typed(command)
                assert agrees(expected, found), f"{place}\n$ {command}\n{found}"


def test_documents_are_there():
    assert {path.name for path in DOCUMENTS} == {
        "README.md",
        "CONTRIBUTING.md",
        "tour.md",
        "glossary.md",
        "notation.md",
        "design.md",
        "training.md",
        "accuracy.md",
        "calls.md",
        "functions.md",
        "from-autograd.md",
        "coverage.md",
        "native.md",
        "benchmarks.md",
        "benchmarks-eager.md",
        "benchmarks-products.md",
        "benchmarks-factorizations.md",
        "benchmarks-xla.md",
        "checking.md",
        "emit.md",
        "board.md",
        "scale.md",
        "tests.md",
    }


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/design.md"])
def test_order_of_imports_is_that_of_the_test(name):
    tested = re.search(
        r"^ORDER = \((.*?)^\)", (ROOT / "tests" / "test_imports.py").read_text(), re.MULTILINE | re.DOTALL
    )
    stated = re.search(r"`([\w/]+ ← .*)`", (ROOT / name).read_text(encoding="utf-8"))
    assert tested is not None
    assert stated is not None
    layers = [set(re.findall(r'"([\w/]+)"', row)) for row in tested[1].splitlines()]
    assert [set(re.findall(r"[\w/]+", layer)) for layer in stated[1].split("←")] == [layer for layer in layers if layer]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(path):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def test_a_wrong_output_is_found():
    assert agrees("a … c\n", "a b c\n")
    assert agrees("x 4e-16\n…\nend\n", "x 1.2e-15\n1\n2\nend\n")
    assert not agrees("ȳ = L̄ (y − t)\n", "ȳ = L̄ (t − y)\n")
    assert not agrees("x 4e-16\n", "x 4e-06\n")
    assert commands("$ a \\\n    b\nout\n$ c\n") == [("a b", "out\n"), ("c", "")]
