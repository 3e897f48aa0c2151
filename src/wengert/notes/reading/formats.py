"""What kind of document a text is, and its files as one text: \\input spliced in, the cells of a notebook one after the other.

It looks at names of files and at a few signs of each format, never at what a formula says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from wengert.errors import EquationError
from wengert.regex import regex

Format = Literal["markdown", "latex", "rst", "program", "text"]
Files = Callable[[str], "str | None"]
MAX_DOCUMENT = 1024 * 1024
MAX_INCLUDED = 10
"""So many files deep an \\input is followed."""

SUFFIXES: Mapping[str, Format | Literal["notebook"]] = {
    ".md": "markdown", ".markdown": "markdown", ".mdx": "markdown", ".qmd": "markdown", ".rmd": "markdown", ".tex": "latex",
    ".ltx": "latex", ".sty": "latex", ".rst": "rst", ".txt": "text", ".ipynb": "notebook", ".py": "program", ".cu": "program", ".c": "program",
    ".cc": "program", ".cpp": "program", ".h": "program", ".js": "program", ".jl": "program",
}  # fmt: skip
LATEX_FILE = regex(r"^[^%\n]*\\(?:documentclass|begin\{document\}|(?:sub)*section\*?\{|chapter\*?\{)", re.MULTILINE)
RST = regex(r"^[ \t]*\.\. math::|:math:`", re.MULTILINE)
NOTEBOOK = regex(r"\s*\{")
MARKDOWN = regex(r"^ {0,3}(?:```|~~~|#{1,6} \S)|\$[^$\n]+\$|\$\$|\]\(", re.MULTILINE)
INPUT = regex(
    r"(?<!\\)(?P<comment>%[^\n]*)|\\(?:input|include|subfile|subimport\s*\{[^{}\n]*\})(?![A-Za-z])\s*(?:\{(?P<braced>[^{}\n]+)\}|(?P<bare>[\w./-]+))"
    r"|\\(?:usepackage|RequirePackage)\s*(?:\[[^\]]*\])?\s*\{(?P<styles>[^{}]+)\}"
)


@dataclass(frozen=True)
class Part:
    """Where in the text of a document a file or a cell begins, and what it is called."""

    start: int
    name: str


@dataclass(frozen=True)
class Document:
    """A document as one text, its format, and what it is put together from."""

    text: str
    format: Format
    parts: tuple[Part, ...] = ()


def format_of(text: str, name: str = "") -> Format | Literal["notebook"]:
    """The format of a text: by the ending of its name, else by what it looks like."""
    known = SUFFIXES.get(PurePosixPath(name).suffix.lower())
    if known is not None:
        return known
    if NOTEBOOK.match(text) and '"cells"' in text:
        return "notebook"
    if LATEX_FILE.search(text):
        return "latex"
    if RST.search(text):
        return "rst"
    return "markdown" if MARKDOWN.search(text) else "text"


def document_of(text: str, name: str = "", files: Files = lambda name: None) -> Document:
    """The document that a text begins; `files` gives the text of a file beside it, None where there is none.

    Raises EquationError where it is longer than a document may be.
    """
    _check_length(text)
    kind = format_of(text, name)
    if kind == "notebook":
        return _notebook(text, name)
    parts = (Part(0, name),)
    if kind == "latex":
        whole = _Files(files)
        whole.add(text, name, ())
        text, parts = "".join(whole.out), tuple(whole.parts)
        _check_length(text)
    return Document(text, kind, parts)


def _check_length(text: str) -> None:
    if len(text) > MAX_DOCUMENT:
        raise EquationError(
            f"The document has {len(text):,} characters; documents of more than {MAX_DOCUMENT:,} are not read.",
            "  " + " ".join(text[:60].split()) + "…",
            "Give the part with the equations.",
        )


class _Files:
    """The text of a LaTeX document and of the files that it takes in, in the order of reading."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.out: list[str] = []
        self.parts: list[Part] = []
        self.length = 0

    def put(self, text: str, name: str) -> None:
        if not self.parts or self.parts[-1].name != name:
            self.parts.append(Part(self.length, name))
        self.out.append(text)
        self.length += len(text)

    def add(self, text: str, name: str, inside: tuple[str, ...]) -> None:
        """Put a file out, those that it takes in at their places; a file within itself is left out."""
        at = 0
        for found in INPUT.finditer(text):
            if len(inside) >= MAX_INCLUDED or self.length > MAX_DOCUMENT:
                break
            styles = [f"{style.strip()}.sty" for style in (found["styles"] or "").split(",")]
            wanted = [(found["braced"] or found["bare"] or "").strip()] if found["styles"] is None else styles
            for file in wanted:
                content = self.content(file, inside)
                if content is not None:
                    self.put(text[at : found.start()], name)
                    self.add(content, file, (*inside, file))
                    at = found.end()
        self.put(text[at:], name)

    def content(self, name: str, inside: tuple[str, ...]) -> str | None:
        """The text of a file beside the document; None where there is none, and for one that is being read."""
        if not name or name in inside:
            return None
        content = self.files(name)
        return self.files(f"{name}.tex") if content is None and "." not in PurePosixPath(name).name else content


def _notebook(text: str, name: str) -> Document:
    """The cells of a notebook as a Markdown text: code in fences, what it has printed left out.

    Raises EquationError where the file is no notebook.
    """
    try:
        content: Any = json.loads(text)
        cells: Any = content["cells"] if "cells" in content else content["worksheets"][0]["cells"]
        language = str(content.get("metadata", {}).get("kernelspec", {}).get("language", "python"))
        found = [(str(cell["cell_type"]), _joined(cell.get("source", cell.get("input", "")))) for cell in cells]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        raise EquationError(
            "This notebook cannot be read.", f"  {name or text[:40]}", "Give a file that Jupyter has saved."
        ) from None
    out: list[str] = []
    parts: list[Part] = []
    length = 0
    for number, (kind, source) in enumerate(found, 1):
        if kind not in ("markdown", "code"):
            continue
        parts.append(Part(length, f"cell {number}"))
        cell = f"{source.rstrip()}\n\n" if kind == "markdown" else f"```{language}\n{source.rstrip()}\n```\n\n"
        out.append(cell)
        length += len(cell)
    return Document("".join(out), "markdown", tuple(parts))


def _joined(source: Any) -> str:
    return source if isinstance(source, str) else "".join(map(str, source))
