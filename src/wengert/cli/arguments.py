"""What commands share: the options that several have, how their values are read, and output. It knows no command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from wengert.cli.language import in_language
from wengert.errors import GraphError, WengertError

File = Annotated[
    Path,
    typer.Argument(
        help="equations, or a derivation: text, LaTeX, Markdown, reStructuredText or a notebook; - reads standard input",
        show_default=False,
    ),
]
Which = Annotated[
    int | None,
    typer.Option("--system", min=1, help="which system of the document, counted from 1; default: the only one"),
]
Wrt = Annotated[
    str,
    typer.Option(
        "--wrt", help="derivatives by these quantities: w,b or w^(1); default: the declared params, else every input"
    ),
]
Loss = Annotated[str, typer.Option("--loss", help="the scalar to differentiate; default: the last line")]
Size = Annotated[
    list[str],
    typer.Option(
        "--size", help="the size of a vector: h=32; may be repeated", default_factory=list, show_default=False
    ),
]
Ascii = Annotated[bool, typer.Option("--ascii", help="print in ASCII where bars and Σ cannot be shown")]
Setting = Annotated[
    list[str],
    typer.Option("--set", help="a value: w=0.5, x=[1,2,3]; may be repeated", default_factory=list, show_default=False),
]
Form = Literal["index", "matrix", "elements"]
Backend = Annotated[
    Literal["native", "interpreter", "xla"],
    typer.Option("--backend", help="what runs it: code of this processor, NumPy node by node, or XLA by JAX"),
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="neither look for code on disk nor keep it there")]

MeshText = Annotated[
    str | None, typer.Option("--mesh", help="devices in a grid with named axes: data=4,model=2 (back end xla)")
]
ShardText = Annotated[
    str | None, typer.Option("--shard", help="over which axis of the mesh an index letter lies: n=data,h=model")
]


@contextmanager
def plain_output() -> Iterator[Callable[[str], None]]:
    """Prints; a terminal that cannot show a sign gets a question mark instead of an exception."""
    stream = sys.stdout
    if isinstance(stream, TextIOWrapper) and (stream.encoding or "").lower().replace("-", "") != "utf8":
        stream.reconfigure(errors="replace")
    yield lambda text: print(in_language(text), file=stream)


def read_system(file: Path, number: int | None = None) -> Any:
    """The system of a document, the one with that number where it has several."""
    from wengert.api import equations, equations_from_text

    return equations_from_text(sys.stdin.read(), system=number) if str(file) == "-" else equations(file, system=number)


def names_in(text: str) -> list[str]:
    """The names of a list w,b,w^(1): commas outside brackets and braces separate."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts if part.strip()]


def sizes_in(settings: list[str]) -> dict[str, int]:
    """Sizes from h=32.

    Raises WengertError where one is not NAME=NUMBER.
    """
    sizes: dict[str, int] = {}
    for setting in settings:
        name, sign, number = setting.rpartition("=")
        if not sign or not name.strip() or not number.strip().isdigit() or int(number) < 1:
            raise WengertError(
                f"'{setting}' does not state a size.", f"  --size {setting}", "Write, for example:  --size h=32"
            )
        sizes[name.strip()] = int(number)
    return sizes


def keep_code(backend: str, kept: bool) -> None:
    """Whether code is looked for on disk and kept there; native code is unless it is told otherwise."""
    from wengert.targets.base import default, mesh_target

    if not kept:
        default().keep_code(False)
    if backend == "xla":
        mesh_target(backend).keep_code(kept)


def warn(system: Any) -> None:
    for warning in system.warnings:
        print(in_language(f"warning: {warning}"), file=sys.stderr)


def values_in(settings: list[str]) -> Mapping[str, Any]:
    """Values from w=0.5, x=[1,2,3]."""
    if not settings:
        return {}
    from wengert.notes.show.settings import parse_setting

    values: dict[str, Any] = {}
    for setting in settings:
        name, value = parse_setting(setting)
        if name in values:
            raise WengertError(f"'{name}' is given twice.", f"  --set {setting}", "Leave one of the two out.")
        values[name] = value
    return values


def sharding_in(mesh: str | None, shard: str | None) -> Any:
    """How letters lie on the mesh; None without a mesh.

    Raises GraphError where one of the two is missing.
    """
    from wengert.targets.mesh import Sharding, mesh_in, shard_in

    if mesh is None and shard is None:
        return None
    if mesh is None or shard is None:
        raise GraphError(
            "A mesh and the letters that lie on it go together.",
            f"  --mesh {mesh}" if shard is None else f"  --shard {shard}",
            "Write both, for example:  --mesh data=4,model=2 --shard n=data,h=model",
        )
    return Sharding(mesh_in(mesh), shard_in(shard))
