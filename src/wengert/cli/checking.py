"""The command that judges derivations made by hand. It reads arguments and prints."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from wengert.cli.arguments import Ascii, plain_output
from wengert.errors import EquationError

Document = Annotated[
    Path,
    typer.Argument(
        help="forward equations and a backward pass written by hand: Markdown, LaTeX or plain text; - reads standard input",
        show_default=False,
    ),
]


def check(
    file: Document,
    ascii: Ascii = False,
    brief: Annotated[bool, typer.Option("--brief", help="only what is wrong or not read")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="status 1 also where something is not read")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Check a derivation made by hand line by line: what holds, what does not and how it should be, what was not read.

    The exit status is 0 where every claim holds, 1 where one is wrong, 2 where the document has no equations that can be read.
    """
    from wengert.api import read_text
    from wengert.derive.claim_report import review

    found = review(sys.stdin.read() if str(file) == "-" else read_text(file))
    if as_json:
        print(json.dumps({"file": str(file), **found.to_json()}, ensure_ascii=False, indent=2))
    else:
        with plain_output() as out:
            out(found.text(ascii=ascii, all_rows=not brief))
    if not found.systems:
        raise EquationError(
            "There are no forward equations in this document that can be read, so nothing was judged.",
            f"  {file}",
            "Write the equations that the derivation is of before it:  z = w x + b",
        )
    if not found.holds or (strict and found.count("unread")):
        raise typer.Exit(1)
