#!/usr/bin/env python3
"""Write docs/coverage.md, the table of functions that traced values answer to, from their samples: python -m scripts.coverage_table"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from scipy import special

from tests.coverage.routes import Call
from tests.coverage.samples import Sample, every_sample, name_of
from wengert.core.ir.walk import topological
from wengert.targets.native.support import is_native

TARGET = Path(__file__).parents[1] / "docs" / "coverage.md"

HEAD = """\
# Functions that are differentiated

This table is made of the samples in `tests/coverage`, which test every row: `python -m scripts.coverage_table` writes it, and a
test compares it.

* The value is NumPy's or SciPy's, with its shape and dtype, also for float32.
* **orders**: derivatives that are tested, in forward mode, in reverse mode and, for order 2, in both modes over reverse mode;
  derivatives of derivatives go on. Functions with 0 give whole numbers, truth values or shapes, or are constant between their
  steps: their derivative is 0.
* **first**: how closely the first derivative is tested, relative to its largest entry, against the complex step where NumPy's function
  continues to complex numbers, else against extrapolated differences of NumPy's own values. The two modes agree within 100 units
  in the last place of the sum (more where the row says so).
* **second**: how closely second derivatives are tested against differences of first ones.
* **complex**: complex arguments or results are tested too.
* **runs as**: what a compiled function does with real numbers: native code, or, for the ops that are named, NumPy or SciPy between parts
  in native code; with complex numbers always NumPy. Outside of compiled functions values are computed by NumPy and SciPy.
* **samples**: the number of calls that are tested.

What is not in the table raises an error with the name of the function, the line, and what to write instead.
"""
COLUMNS = ("function", "orders", "first", "second", "complex", "runs as", "samples", "")


def table(samples: Sequence[Sample]) -> str:
    """The document."""
    parts = [HEAD]
    ordered = sorted(samples, key=lambda s: (_module(s), s.name))
    for module, rows in groupby(ordered, key=_module):
        parts.append(f"\n## {module}\n\n| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}\n")
        for name, group in groupby(rows, key=lambda s: s.name):
            parts.append(_row(name, list(group)))
    return "".join(parts)


def _module(sample: Sample) -> str:
    """The section of a function: a method of a ufunc stands beside the ufunc."""
    owner = sample.entry[0] if isinstance(sample.entry, tuple) else sample.entry
    name = name_of(owner)
    return "ndarray" if name.startswith("ndarray") else name.removesuffix(".at").rpartition(".")[0]


def _row(name: str, samples: Sequence[Sample]) -> str:
    orders = max(s.orders for s in samples)
    first = max((s.exact if s.complex_step else s.first for s in samples if s.orders), default=0)
    second = max((s.second for s in samples if s.orders > 1), default=0)
    notes = list(dict.fromkeys(s.note for s in samples if s.note))
    dot = max(s.dot for s in samples)
    if dot > 100:
        notes.append(f"the modes agree within {dot:g} units")
    cells = (
        f"`{name}`",
        str(orders),
        _size(first),
        _size(second),
        *_runs(samples),
        str(len(samples)),
        "; ".join(notes),
    )
    return f"| {' | '.join(cells)} |\n"


def _called(name: str, sample: Sample) -> str:
    """The names of a function: some have several."""
    module = _module(sample)
    last = name.removeprefix(module).removeprefix(".")
    homes = {"numpy": np, "scipy.special": special}
    others = [each for each in dir(homes.get(module)) if each != last and getattr(homes[module], each) is sample.entry]
    return f"`{last}`" + "".join(f", `{each}`" for each in others if not each.startswith("_"))


def _size(tolerance: float) -> str:
    return f"{tolerance:.0e}".replace("e-0", "e-") if tolerance else "–"


def _runs(samples: Sequence[Sample]) -> tuple[str, str]:
    """Whether complex numbers are tested, and native code or the ops that the host runs for real ones."""
    if all(sample.at_values for sample in samples):
        return "", "–"
    hosted: set[str] = set()
    is_complex = False
    for sample in samples:
        for node in topological(Call(sample).graph().outputs):
            if node.type.is_complex or any(x.type.is_complex for x in node.inputs):
                is_complex = True
            elif node.op.kind != "leaf" and not is_native(node):
                hosted.add(node.op.name)
    runs_as = "host: " + ", ".join(sorted(hosted)) if hosted else "native"
    return "yes" if is_complex else "", runs_as


if __name__ == "__main__":
    TARGET.write_text(table(every_sample()), encoding="utf-8")
