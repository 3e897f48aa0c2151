"""The command that opens the board, or writes it to a file. It reads arguments."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from wengert.cli.arguments import Setting, Which, values_in
from wengert.cli.language import Language, spoken
from wengert.errors import WengertError


def board(
    setting: Setting,
    file: Annotated[
        Path | None,
        typer.Argument(
            help="equations: text, LaTeX, Markdown, reStructuredText or a notebook; - reads standard input; default: an example",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="write one HTML file that needs neither server nor network, and end"),
    ] = None,
    system: Which = None,
    lang: Language = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 is any that is free")] = 0,
    no_open: Annotated[bool, typer.Option("--no-open", help="print the address, and open no browser")] = False,
) -> None:
    """The board in a browser: equations, graph, backward lines, steps and numbers, to step through and play with.

    It is served to this machine only, until Ctrl-C.
    """
    text = _text(file)
    values = values_in(setting)
    if out is not None:
        if out.suffix.lower() not in (".html", ".htm"):
            raise WengertError(
                f"A board cannot be written as '{out.suffix or out}'.", f"  {out}", "Name a file that ends in .html."
            )
        from wengert.blackboard.export import save

        save(out, text, spoken(), values, system or 0)
        return
    from wengert.blackboard.packages import refuse_missing

    refuse_missing("starlette", "uvicorn", "websockets")
    from wengert.blackboard.server import serve

    serve(text, lang=spoken(), port=port, open_browser=not no_open, values=values, system=system or 0)


def _text(file: Path | None) -> str:
    if file is None:
        from wengert.blackboard.samples import HIDDEN

        return HIDDEN
    if str(file) == "-":
        return sys.stdin.read()
    from wengert.files import whole_document

    return whole_document(file)[0]
