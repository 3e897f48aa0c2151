"""The collectives of a program of XLA that is split over a mesh, each with the lines that it is for. It reads text and knows no JAX."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wengert.targets.mesh import Mesh

SCOPE = "line."
"""What stands before the name of a line in the name of a scope."""
KINDS = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "collective-permute")
BYTES = {
    "pred": 1,
    "s8": 1,
    "u8": 1,
    "bf16": 2,
    "f16": 2,
    "s32": 4,
    "u32": 4,
    "f32": 4,
    "s64": 8,
    "u64": 8,
    "f64": 8,
    "c64": 8,
}
_INSTRUCTION = re.compile(rf"= (.*?) ({'|'.join(KINDS)})(?:-start)?\(")
_SHAPE = re.compile(r"\b([a-z]+\d*)\[([\d,]*)\]")
_LISTED = re.compile(r"replica_groups=\{(\{[\d,{} ]*\})\}")
_IOTA = re.compile(r"replica_groups=\[([\d,]+)\]<=\[([\d,]+)\](?:T\(([\d,]+)\))?")
_NAMED = re.compile(r"replica_groups=mesh\[([^\]]*)\] ?\{([^}]*)\}")
_LINE = re.compile(rf"{re.escape(SCOPE)}(\w+)")


@dataclass(frozen=True)
class Collective:
    """A collective: what it does, over which axes of the mesh, how many bytes each device gets by it, and for which lines."""

    kind: str
    over: tuple[str, ...]
    bytes: int
    lines: tuple[str, ...]


def collectives(text: str, mesh: Mesh) -> list[Collective]:
    """Those of a program, in its order."""
    found: list[Collective] = []
    for line in text.splitlines():
        match = _INSTRUCTION.search(line)
        if match:
            name = re.search(r'op_name="([^"]*)"', line)
            lines = tuple(dict.fromkeys(_LINE.findall(name.group(1)))) if name else ()
            found.append(Collective(match.group(2), _over(line, mesh), _bytes(match.group(1)), lines))
    return found


def _bytes(shapes: str) -> int:
    """The bytes of a result, which is one array or several."""
    return sum(
        BYTES.get(kind, 16) * math.prod(int(n) for n in sizes.split(",") if n) for kind, sizes in _SHAPE.findall(shapes)
    )


def _over(line: str, mesh: Mesh) -> tuple[str, ...]:
    """The axes of the mesh along which the devices of a group differ."""
    shape = tuple(mesh.axes.values())
    group = _first_group(line, mesh.count)
    places = np.array(np.unravel_index(group, shape))
    return tuple(axis for axis, row in zip(mesh.axes, places, strict=True) if len(set(row.tolist())) > 1)


def _first_group(line: str, count: int) -> Sequence[int]:
    named = _NAMED.search(line)
    if named:
        sizes = dict(re.findall(r"'(\w+)'=(\d+)", named.group(1)))
        chosen = re.findall(r"'(\w+)'", named.group(2))
        numbers = np.arange(math.prod(map(int, sizes.values()))).reshape([int(n) for n in sizes.values()])
        return numbers[tuple(slice(None) if name in chosen else 0 for name in sizes)].ravel().tolist()
    iota = _IOTA.search(line)
    if iota:
        sizes, whole, turned = ([int(n) for n in part.split(",")] if part else [] for part in iota.groups())
        numbers = np.arange(math.prod(whole)).reshape(whole)
        return (numbers.transpose(turned) if turned else numbers).reshape(sizes)[0].tolist()
    listed = _LISTED.search(line)
    if listed:
        return [int(n) for n in listed.group(1).split("}")[0].strip("{ ").split(",")]
    return range(count)
