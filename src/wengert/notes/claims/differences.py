"""What is unequal in a wrong claim, in words: shapes by the letters of their axes, or the values of an entry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from wengert.core.ir.types import Dim
from wengert.notes.claims.findings import Finding
from wengert.notes.claims.points import claim_sizes
from wengert.notes.derive.forms import IndexForm
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation.expr import Line, Ref
from wengert.notes.notation.unicode import show

Array = Any


def differences(finding: Finding, system: SystemData, line: Line) -> Iterator[str]:
    """What is unequal: shapes, or the entry that differs most at the point where it does."""
    if finding.problem:
        yield finding.problem
    if not finding.values:
        return
    value, wanted = np.asarray(finding.values[0]), np.asarray(finding.expected[0])
    if value.shape != wanted.shape:
        yield unequal_shapes(value.shape, wanted.shape, system, line)
        return
    value, wanted = max(zip(finding.values, finding.expected, strict=True), key=lambda pair: distance(*pair))
    at = np.unravel_index(int(np.argmax(np.abs(value - wanted))), value.shape) if value.shape else ()
    entry = f" at entry ({', '.join(str(k + 1) for k in at)})" if at else ""
    own, right = (float(array[at]) + 0.0 for array in (value, wanted))  # 0 for −0
    yield f"at a random point it is {own:.6g}{entry}, and should be {right:.6g}"


def distance(value: Array, wanted: Array) -> float:
    """How far two arrays of one shape are apart, beside what they hold; values that are not finite are farthest."""
    difference = float(np.max(np.abs(value - wanted), initial=0.0))
    scale = float(max(np.max(np.abs(value), initial=0.0), np.max(np.abs(wanted), initial=0.0)))
    return np.inf if not np.isfinite(difference) else difference / scale if scale else 0.0


def unequal_shapes(shape: Sequence[int], wanted: Sequence[int], system: SystemData, line: Line) -> str:
    """Both shapes: K×I where the sizes have names, else in numbers; where indices do not say it, what it is that has the right one."""
    names = size_names(system)
    involved = {*shape, *wanted}
    named = involved <= names.keys() and len({names[size] for size in involved}) == len(involved)
    own, right = ([names[size] if named else str(size) for size in sizes] for sizes in (shape, wanted))
    left = line.left
    whole = isinstance(left, Ref) and left.indices is None
    of = f", that of {show(Ref(left.name), symbols=system.reading.symbols)}" if whole and isinstance(left, Ref) else ""
    return f"its shape is {said(own)}, and should be {said(right)}{of}{'' if named else ' (sizes are random)'}"


def size_names(system: SystemData) -> dict[int, str]:
    """The name of each size that has a letter of the author's, or that he has named, by its number at the random points."""
    form, sizes = IndexForm(system), claim_sizes(system)
    dims = {size for quantity in system.quantities.values() for size in quantity.type.shape if isinstance(size, Dim)}
    known = {size for size in dims if system.class_letters.get(size) or size in system.size_names.values()}
    trees = {sizes[size.name]: form.size_name(size) for size in known if size.name in sizes}
    found = {number: tree.name for number, tree in trees.items() if isinstance(tree, Ref)}
    capital = all(name.isupper() or name in system.size_names for name in found.values())
    return found if capital else {number: name.lower() for number, name in found.items()}


def said(sizes: Sequence[str]) -> str:
    """A shape in words."""
    return "that of a number" if not sizes else "×".join(sizes) if len(sizes) > 1 else f"{sizes[0]} entries"
