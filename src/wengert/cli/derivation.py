"""The commands that read, derive and print: derive, diff, trace, draw."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from wengert.cli.arguments import (
    Ascii,
    File,
    Form,
    Loss,
    Setting,
    Size,
    Which,
    Wrt,
    names_in,
    plain_output,
    read_system,
    sizes_in,
    values_in,
    warn,
)
from wengert.cli.language import Language
from wengert.errors import WengertError


def derive(
    file: File,
    size: Size,
    which: Which = None,
    wrt: Wrt = "",
    loss: Loss = "",
    form: Annotated[
        Form | None, typer.Option("--form", help="index letters, matrices, or entry by entry; default: as written")
    ] = None,
    steps: Annotated[bool, typer.Option("--steps", help="explain every line")] = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="the calculus-class expansion beside it, with operation counts")
    ] = False,
    echo: Annotated[bool, typer.Option("--echo", help="first say how the system was read, with shapes")] = False,
    latex: Annotated[bool, typer.Option("--latex", help="print LaTeX")] = False,
    unicode: Annotated[bool, typer.Option("--unicode", help="print Unicode text (the default)")] = False,
    ascii: Ascii = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    seed: Annotated[int, typer.Option(help="seed of the random points of the check")] = 0,
    lang: Language = "",
) -> None:
    """The backward pass of a system, one line a quantity, checked on the spot."""
    formats = {"--latex": latex, "--unicode": unicode, "--ascii": ascii, "--json": as_json}
    chosen = [option for option, given in formats.items() if given]
    if len(chosen) > 1:
        raise WengertError(
            "The output has one form.", f"  {' and '.join(chosen)} exclude each other", "Choose one of them."
        )
    system = read_system(file, which)
    derivation = system.backward(loss or None, names_in(wrt))
    if form:
        derivation = derivation.in_form(form)
    sizes = system.sizes(sizes_in(size))
    checked = derivation.check(seed)
    if as_json:
        _print_json(derivation, sizes, checked)
        return
    warn(system)
    with plain_output() as out:
        if echo:
            out(system.echo(ascii=ascii, warnings=False) + "\n")
        if latex:
            out(system.latex("index" if derivation.form == "elements" else derivation.form))
            out(derivation.latex(sizes))
            out(f"% {checked}")
            return
        out(derivation.steps(ascii=ascii) if steps else derivation.text(sizes, ascii=ascii, shapes=echo))
        if compare:
            out("")
            out(derivation.compare(sizes))
        out(str(checked))


def _print_json(derivation: Any, sizes: Mapping[str, int], checked: Any) -> None:
    from wengert.notes.derive import report, steps

    content = report.derivation_json(
        derivation.data, derivation.lines(sizes), steps.steps(derivation.data, derivation.form)
    )
    content["checked"] = {
        "quantities": checked.quantities,
        "largest_relative_difference": checked.difference,
        "against": list(checked.routes),
    }
    print(json.dumps(content, ensure_ascii=False, indent=2))


def diff(
    old: File,
    new: File,
    which: Which = None,
    wrt: Wrt = "",
    form: Annotated[Form | None, typer.Option("--form")] = None,
    ascii: Ascii = False,
) -> None:
    """Which lines of the backward pass change from one system to another, for example when the loss is swapped."""
    from wengert.notes.derive.report import difference_text

    before, after = read_system(old, which), read_system(new, which)
    names = names_in(wrt)
    a, b = before.backward(wrt=names), after.backward(wrt=names)
    shown = b.in_form(form) if form else b
    with plain_output() as out:
        out(difference_text(a.in_form(shown.form).difference(shown), after.data, ascii=ascii))


def trace(
    file: File,
    setting: Setting,
    size: Size,
    which: Which = None,
    wrt: Wrt = "",
    loss: Loss = "",
    primitive: Annotated[
        bool, typer.Option("--primitive", help="every single operation, as in a textbook's table")
    ] = False,
    seed: Annotated[int | None, typer.Option("--seed", help="draw the values that are not set, with this seed")] = None,
    digits: Annotated[int, typer.Option(min=1, max=17, help="significant digits")] = 4,
    ascii: Ascii = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """The Wengert list with numbers: every value forward, every error signal backward, in order."""
    import shutil

    import numpy as np

    from wengert.notes.show.table import render_text
    from wengert.notes.show.trace import trace as run

    system = read_system(file, which)
    derivation = system.backward(loss or None, names_in(wrt))
    fill = None if seed is None else np.random.default_rng(seed)
    table = run(
        system.data,
        derivation.data,
        values_in(setting),
        primitive=primitive,
        fill=fill,
        sizes=system.sizes(sizes_in(size)),
        ascii=ascii,
    )
    if as_json:
        print(json.dumps(table.to_json(), ensure_ascii=False, indent=2))
        return
    warn(system)
    with plain_output() as out:
        out(render_text(table, shutil.get_terminal_size((80, 24)).columns, digits))


def draw(
    file: File,
    out: Annotated[Path, typer.Option("--out", "-o", help="graph.svg, or graph.dot for graphviz", show_default=False)],
    which: Which = None,
    wrt: Wrt = "",
    loss: Loss = "",
    forward: Annotated[bool, typer.Option("--forward", help="leave the error signals out")] = False,
) -> None:
    """The computation graph: forward edges and the error signals on the way back."""
    from wengert.notes.show.svg import save

    if out.suffix.lower() not in (".svg", ".dot", ".gv"):
        raise WengertError(
            f"A graph cannot be written as '{out.suffix or out}'.", f"  {out}", "Name a file that ends in .svg or .dot."
        )
    system = read_system(file, which)
    backward = None if forward else system.backward(loss or None, names_in(wrt)).data
    warn(system)
    save(out, system.data, backward)
