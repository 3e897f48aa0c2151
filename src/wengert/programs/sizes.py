"""Sizes that the text leaves open: all axes get different primes, and the errors of a run say which two are one."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from wengert.errors import CheckError
from wengert.programs.conventions import conventions
from wengert.programs.events import Recorder
from wengert.programs.inputs import (
    BIAS,
    IMAGES,
    SCALARS,
    SIZES,
    Array,
    Slot,
    Unknown,
    Value,
    dictionary_of,
    made,
    parameters,
    slots_of,
)
from wengert.programs.names import inputs_named, plain, quantity
from wengert.programs.pairs import Pair, assigned
from wengert.programs.scenario import Point, Scenario
from wengert.programs.source import Program

PRIMES = (5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103)
RUNS = 240  # of a scenario whose sizes are looked for
LIMITS = (MemoryError, EOFError, SystemExit, PermissionError)  # other sizes do not help against these
ENTRIES = 20_000  # of all arguments: beyond it two sizes chase each other, as beyond the next
LARGEST = 400  # of an axis: beyond it two sizes chase each other


@dataclass
class Asked:
    """The arguments of a scenario: of __init__, of forward, and those that only backward has."""

    init: dict[str, Slot]
    forward: dict[str, Slot]
    backward: dict[str, Slot]

    def all(self) -> list[tuple[str, str, Slot]]:
        return [(w, n, s) for w in ("init", "forward", "backward") for n, s in getattr(self, w).items()]


def asked(program: Program, pair: Pair, text: str) -> Asked:
    """What a pair wants to be given, as far as the text says it."""
    lines = text.split("\n")
    functions = program.functions
    own = [f for (cls, _), f in functions.items() if cls == pair.cls] if pair.cls else []
    forward = functions[pair.cls, str(pair.forward)]
    backward = functions.get((pair.cls, str(pair.backward)))
    others = [*own, *([backward] if backward is not None else [])]

    def written(f: Any) -> str:
        return "\n".join(lines[f.lineno - 1 : f.end_lineno])

    claimed = set[str]()
    if pair.rule and backward is not None:
        claimed = _differentiated(pair, forward, backward)
    elif backward is not None:
        claimed = {about[1] for name in assigned(backward) if (about := quantity(name))}
    slots = slots_of(forward, written(forward), others, claimed=claimed if pair.rule else ())
    slots = {n: s for n, s in slots.items() if n in pair.taken(forward, "forward")}
    for name, slot in slots.items():  # what backward has a gradient of is no target
        if name in claimed and isinstance(slot, Array | Unknown) and slot.kind == "target":
            slots[name] = replace(slot, kind="real")
    passed = [f for f in functions.values() if f not in (forward, backward)]
    for name, slot in slots.items():  # an argument that is handed on is what the other function takes by this name
        if isinstance(slot, Unknown) or (isinstance(slot, Value) and slot.value in ({}, None)):
            for f in passed:
                entries = dictionary_of(f, name)
                if name in parameters(f) and entries is not None:
                    slots[name] = Value(entries)
    init: dict[str, Slot] = {}
    maker = functions.get((pair.cls, "__init__")) if pair.cls else None
    if maker is not None:
        aliases = dict(re.findall(r"self\.(\w+) ?= ?(\w+)\b(?![.\[(])", written(maker)))
        init = slots_of(maker, written(maker), own, {f"self.{a}": n for a, n in aliases.items()})
    back: dict[str, Slot] = {}
    if backward is not None and not pair.slope and not pair.rule:
        seen = slots_of(backward, written(backward), own)
        known = {*parameters(forward), "cache"}
        named = {n for n, s in seen.items() if n not in known and quantity(n) is None}
        first = parameters(backward)[:1]
        back = {
            n: seen[n]
            for n in named
            if (isinstance(seen[n], Value) or _is_target(seen[n], n)) and ([n] != first or _is_target(seen[n], n))
        }
    return Asked(init, slots, back)


def _differentiated(pair: Pair, forward: ast.FunctionDef, backward: ast.FunctionDef) -> set[str]:
    """The inputs of a rule for which no return of its backward pass writes None."""
    names = pair.taken(forward, "forward")[pair.plain :]
    out = set(names)
    for node in ast.walk(backward):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) == len(names):
            pairs = zip(names, node.value.elts, strict=True)
            out -= {n for n, e in pairs if isinstance(e, ast.Constant) and e.value is None}
    return out


def _is_target(slot: Slot, name: str) -> bool:
    return isinstance(slot, Array | Unknown) and slot.kind in ("target", "label")


@dataclass
class Sizes:
    """The axes of all arguments under way: their values by name."""

    slots: dict[tuple[str, str], Slot]
    axes: dict[str, int] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)

    def entries(self) -> float:
        """How many numbers the arguments have."""
        shapes = [
            [a if isinstance(a, int) else self.axes[a] for a in s.axes]
            for s in self.slots.values()
            if isinstance(s, Array)
        ]
        return sum(float(np.prod(shape)) for shape in shapes)

    def point(self, seed: int) -> Point:
        rng = np.random.default_rng(seed)
        out: dict[str, dict[str, Any]] = {"init": {}, "forward": {}, "backward": {}}
        for (where, name), slot in self.slots.items():
            out[where][name] = made(slot, self.axes, rng)
        return Point(out["forward"], out["init"], out["backward"], attributes=dict(self.attributes), seed=seed)


def start(slots: list[tuple[str, str, Slot]], ranks: tuple[int, ...], taken: set[int]) -> Sizes:
    """All axes different, and none of a size that the program has anyway; axes of one name are one."""
    fresh = (p for p in PRIMES if p not in taken)
    chosen = iter(ranks)
    out: dict[tuple[str, str], Slot] = {}
    axes: dict[str, int] = {}
    images = any(isinstance(s, Array) and len(s.axes) == 4 for _, _, s in slots)
    usual = SIZES | IMAGES if images else SIZES
    for where, name, slot in slots:
        if isinstance(slot, Unknown):
            slot = Array(tuple(f"{where}.{name}.{k}" for k in range(next(chosen))), slot.kind)
        elif isinstance(slot, Array) and slot.kind == "count":
            slot = Array((f"{where}.{name}",), "count")
        out[where, name] = slot
        for axis in slot.axes if isinstance(slot, Array) else ():
            if isinstance(axis, str) and axis not in axes:
                axes[axis] = _size_of(axis, axes, usual) or next(p for p in fresh if p not in axes.values())
    return Sizes(out, axes)


def _size_of(axis: str, axes: dict[str, int], usual: dict[str, int]) -> int | None:
    """The size of an axis with a usual name; 4*H is four of H."""
    product = re.fullmatch(r"(\d+)\s*\*?\s*([A-Za-z]\w*)", axis)
    if product:
        base = axes.setdefault(product[2], _size_of(product[2], axes, usual) or 5)
        return int(product[1]) * base
    return usual.get(axis)


CLASHES = (
    r"cannot be multiplied \(\d+x(\d+) and (\d+)x\d+\)",
    r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)",
    r"batch2 tensor to be: \[\d+, (\d+)\] but got: \[\d+, (\d+)\]",
    r"batch2 tensor to be: \[(\d+), \d+\] but got: \[(\d+), \d+\]",
    r"got input \((\d+)\), mat \(\d+x(\d+)\)",
    r"mat \(\d+x(\d+)\), vec \((\d+)\)",
    r"expected size: \[.*?(\d+)\], got size: \[.*?(\d+)\]",
    r"contracting dimensions .* got \((\d+),\) and \((\d+),\)",
)
"""How PyTorch and JAX say it."""


def clash(message: str) -> tuple[int, int] | None:
    """The two sizes that an error of NumPy, PyTorch or JAX says should be one."""
    found = re.search(r"not aligned: .*?(\d+) \(dim \d\) != (\d+)", message) or re.search(
        r"size (\d+) is different from (\d+)", message
    )
    if found:
        return int(found[1]), int(found[2])
    for pattern in CLASHES:
        if (found := re.search(pattern, message)) and found[1] != found[2]:
            return int(found[1]), int(found[2])
    found = re.search(r"dimension is (\d+) but corresponding boolean dimension is (\d+)", message)
    if found:
        return int(found[1]), int(found[2])
    shapes = [tuple(int(n) for n in re.findall(r"\d+", s)) for s in re.findall(r"\(([\d, ]*)\)", message)]
    for a, b in zip(*(s[::-1] for s in shapes[:2]), strict=False) if len(shapes) >= 2 else ():
        if a != b and 1 not in (a, b):
            return a, b
    return None


def unite(sizes: Sizes, a: int, b: int) -> bool:
    """Make the two sizes one. False where no axis has them."""
    values = set(sizes.axes.values())
    if a in values and b in values:
        small, large = sorted((a, b))
        sizes.axes = {k: small if v == large else v for k, v in sizes.axes.items()}
        return True
    small, big = sorted((a, b))
    for v in sorted(values) if small > 1 else ():  # what a slice leaves over: the axis is a multiple of another
        for m in (2, 3, 4):
            if v > small and big == v - (m - 1) * small and small * m not in values:
                sizes.axes = {k: small * m if u == v else u for k, u in sizes.axes.items()}
                return True
    for x, y in ((a, b), (b, a)):  # the other is a product of axes, or made of one
        if x in values and 1 < y <= LARGEST:
            sizes.axes = {k: y if v == x else v for k, v in sizes.axes.items()}
            return True
    return False


def solved(
    program: Program,
    pair: Pair,
    wanted: Asked,
    given: dict[str, Any],
    *,
    all_ranks: bool = False,
    columns: bool = False,
) -> list[Scenario]:
    """Scenarios that run, the likeliest first: of ranks that fit, those whose gradients have the shapes of their quantities.

    Without `all_ranks` the first in which all have them; with `columns` forward's matrices are one example each, as a column.
    """
    slots = [(w, n, Value(given[n]) if n in given else s) for w, n, s in wanted.all()]
    open_ranks = [s.ranks for _, _, s in slots if isinstance(s, Unknown)]
    order = sorted(
        itertools.product(*open_ranks), key=lambda r: sum(o.index(x) ** 2 for o, x in zip(open_ranks, r, strict=True))
    )
    found: list[tuple[tuple[int, ...], Scenario]] = []
    taken = sizes_in(program)
    runs = 0
    last: BaseException | None = None
    for ranks in order:
        sizes = start(slots, ranks, taken)
        for trial in filter(None, map(_one_column, _targets(sizes))) if columns else _targets(sizes):
            scenario, used, error = _fit(program, pair, trial)
            runs += used
            last = error or last
            if scenario is not None:
                score = _misfits(scenario)
                found.append(((*score, len(found)), scenario))
                if not any(score) and not all_ranks:
                    return [scenario]
            if runs > RUNS:
                break
        if runs > RUNS:
            break
    if found:
        found = [f for f in found if f[0][0] == min(f[0][0] for f in found)]
        return [s for _, s in sorted(found, key=lambda f: f[0])]
    raise CheckError(
        f"No inputs are found with which {pair} runs{_because(last)}.",
        f"  {', '.join(n for w, n, _ in slots if w != 'backward')}",
        'Say what they are:  --shapes "'
        + " ".join(
            f"{n}=(4,3)" for w, n, s in slots if isinstance(s, Unknown) or (w == "forward" and isinstance(s, Array))
        )
        + '"',
    )


def _one_column(sizes: Sizes) -> Sizes | None:
    """The same with one example as a column, (n, 1), for each matrix that forward is given; None where there is none."""
    wide = {
        slot.axes[1]
        for (where, _), slot in sizes.slots.items()
        if where == "forward" and isinstance(slot, Array) and len(slot.axes) == 2 and slot.kind == "real"
    }
    wide = {axis for axis in wide if isinstance(axis, str) and sizes.axes[axis] > 1}
    return Sizes(dict(sizes.slots), sizes.axes | dict.fromkeys(wide, 1)) if wide else None


def _because(error: BaseException | None) -> str:
    text = str(error).split("\n")[0] if error is not None else ""
    return f" ({type(error).__name__}: {text[:90]})" if text else ""


def sizes_in(program: Program) -> set[int]:
    """Whole numbers of a program and sizes of its arrays."""
    out: set[int] = set()
    for name, value in program.names.items():
        if isinstance(value, np.ndarray):
            out.update(value.shape)
        elif isinstance(value, int) and not name.startswith("_"):
            out.add(value)
    return out


def _targets(sizes: Sizes) -> Iterator[Sizes]:
    """Targets as they may be: a row of numbers for each example, one-hot or not, or a class each."""
    targets = [
        k
        for k, s in sizes.slots.items()
        if isinstance(s, Array) and s.kind in ("target", "label") and isinstance(s.axes[0], str)
    ]
    first = next(
        (
            s
            for (w, _), s in sizes.slots.items()
            if w == "forward" and isinstance(s, Array) and s.kind in ("real", "probability") and s.axes
        ),
        None,
    )
    if not targets or first is None:
        yield sizes
        return
    if not any("." in str(a) for k in targets for a in sizes.slots[k].axes):  # type: ignore[union-attr]
        yield from _kinds(sizes, targets)
        return
    counts = [a for (_, _), s in sizes.slots.items() if isinstance(s, Array) and s.kind == "count" for a in s.axes][
        ::-1
    ]
    columns: list[Any] = [*counts[:2], 1, None]
    for column in columns:
        for batch in (0, -1):
            slots = dict(sizes.slots)
            for key in targets:
                slot = slots[key]
                assert isinstance(slot, Array)
                axes = [first.axes[batch], *slot.axes[1:]]
                if len(axes) == 2 and column is not None:
                    axes[1] = column
                slots[key] = Array(tuple(axes if batch == 0 or len(axes) != 2 else axes[::-1]), slot.kind)
            yield from _kinds(Sizes(slots, dict(sizes.axes)), targets)
            if len(first.axes) < 2:
                break


def _kinds(sizes: Sizes, targets: list[tuple[str, str]]) -> Iterator[Sizes]:
    if all(isinstance(s := sizes.slots[k], Array) and s.kind == "label" for k in targets):
        yield Sizes(dict(sizes.slots), dict(sizes.axes))
        return
    for kind in ("onehot", "bits", "label"):
        slots = dict(sizes.slots)
        fits = True
        for key in targets:
            slot = slots[key]
            assert isinstance(slot, Array)
            if slot.kind == "target":
                fits &= kind != "onehot" or (len(slot.axes) == 2 and slot.axes[-1] != 1)
                slots[key] = Array(slot.axes, kind)
        if fits:
            yield Sizes(slots, dict(sizes.axes))


def _fit(program: Program, pair: Pair, sizes: Sizes) -> tuple[Scenario | None, int, BaseException | None]:
    """Run until no two sizes clash."""
    seen: set[tuple[Any, ...]] = set()
    runs = 0
    while runs < 40:
        runs += 1
        if sizes.entries() > ENTRIES:
            break
        scenario = Scenario(program, pair, [sizes.point(0)])
        next(conventions(scenario)).put(scenario)
        recorder = Recorder()
        try:
            out = scenario.run(recorder, 0)
            error = out.error
        except (CheckError, *LIMITS):
            raise
        except (Exception, SystemExit) as raised:
            out, error = None, raised
        state = (*sizes.axes.values(), *sizes.attributes, *map(repr, sizes.slots.values()))
        if state not in seen and _amended(sizes, scenario, recorder, out, error):
            seen.add(state)
            continue
        if error is None or (recorder.events and not recorder.forward and out_of_backward(error)):
            scenario.points = [sizes.point(1), sizes.point(2)]
            scenario.after.clear()
            return scenario, runs, error
        return None, runs, error
    return None, runs, None


def _amended(sizes: Sizes, scenario: Scenario, recorder: Recorder, out: Any, error: BaseException | None) -> bool:
    """Change what a run shows to be wrong about the inputs. False where there is nothing to change."""
    if error is None:
        if out.loss is not None and not np.all(np.isfinite(out.loss)) and _positive(sizes):
            return True
        return _same_as_output(sizes, recorder) or _as_long_as_gradients(sizes, scenario, recorder, out)
    missing = re.search(r"object has no attribute '(\w+)'", str(error)) if isinstance(error, AttributeError) else None
    if missing and missing[1] in SCALARS and scenario.pair.cls:
        sizes.attributes[missing[1]] = SCALARS[missing[1]]
        return True
    if UNPACKED.search(str(error)) and _in_pairs(sizes):
        return True
    if kept := re.search(r"non-broadcastable output operand with shape \((\d+), ?1\) .*\(\1, ?(\d+)\)", str(error)):
        return _one(sizes, int(kept[2]))
    two = clash(str(error))
    return two is not None and unite(sizes, *two)


UNPACKED = re.compile(
    r"cannot unpack non-iterable int|'int' object is not (subscriptable|iterable)|object of type 'int' has no len"
)


def _in_pairs(sizes: Sizes) -> bool:
    """Make (2, 2) of a kernel or stride of 2. False where there is none left."""
    found = {
        k: Value((s.value, s.value))
        for k, s in sizes.slots.items()
        if isinstance(s, Value) and isinstance(s.value, int) and not isinstance(s.value, bool)
    }
    sizes.slots.update(found)
    return bool(found)


def _one(sizes: Sizes, size: int) -> bool:
    """Make the axes of a size one: what is stepped is a column, so the program takes one example. False where there is none."""
    before = dict(sizes.axes)
    sizes.axes = {k: 1 if v == size and k.split(".")[0] == "forward" else v for k, v in sizes.axes.items()}
    return sizes.axes != before


def _positive(sizes: Sizes) -> bool:
    """Take numbers between 0 and 1 for the arrays of forward, of which the loss is not finite."""
    found = {
        k: Array(s.axes, "probability")
        for k, s in sizes.slots.items()
        if k[0] == "forward" and isinstance(s, Array) and s.kind == "real"
    }
    sizes.slots.update(found)
    return bool(found)


def _as_long_as_gradients(sizes: Sizes, scenario: Scenario, recorder: Recorder, out: Any) -> bool:
    """Where a gradient has the rank of its quantity and another size, the quantity is longer than what is read of it.

    Where every gradient of a column has several columns, the program takes one example.
    """
    shapes = {e.name: e.value.shape for e in recorder.events if e.key[0] in ("argument", "attribute")}
    wide: list[tuple[bool, int]] = []
    for name, value in out.results:
        wanted = [shapes[n] for n in inputs_named(name, list(shapes))]
        if not wanted or value.shape in wanted or len(wanted) > 1 or len(wanted[0]) != value.ndim:
            wide += [(False, 1)] if any(1 in w for w in wanted) else []
            continue
        turned = sorted(value.shape) == sorted(wanted[0])  # a transpose is a mistake, and says nothing of sizes
        for is_size, had in zip(value.shape, wanted[0], strict=True) if not turned else ():
            if is_size != had and had == 1:
                wide.append((True, is_size))
            elif is_size != had and is_size > 1 and unite(sizes, had, is_size):
                return True
    if wide and all(w for w, _ in wide) and len({n for _, n in wide}) == 1:
        before = dict(sizes.axes)
        sizes.axes = {
            k: 1 if v == wide[0][1] and k.split(".")[0] in ("forward", "backward", "N", "B") else v
            for k, v in sizes.axes.items()
        }
        return sizes.axes != before
    return False


def out_of_backward(error: BaseException) -> bool:
    """Whether an error may be a mistake of the backward pass: its products and sums do not fit. Of ranks it is one of the inputs."""
    ranks = "axes don't match array" in str(error) or "is out of bounds for array of dimension" in str(error)
    return isinstance(error, ValueError | IndexError | TypeError) and not ranks


def _same_as_output(sizes: Sizes, recorder: Recorder) -> bool:
    """Give a target the shape of what it is compared with where it only broadcast against it. True where something changed."""
    changed = False
    events = {plain(e.name): e.value.shape for e in recorder.events}
    for (where, name), slot in sizes.slots.items():
        if not isinstance(slot, Array) or slot.kind not in ("onehot", "bits") or len(slot.axes) != 2:
            continue
        shape = tuple(a if isinstance(a, int) else sizes.axes[a] for a in slot.axes)
        partner = next(
            (
                s
                for n, s in reversed(events.items())
                if len(s) == 2 and n != name and 1 in s and s != shape and s[0] == shape[0]
            ),
            None,
        )
        if partner is not None and shape not in [s for n, s in events.items() if n != name]:
            sizes.slots[where, name] = Array(partner, "bits")
            changed = True
    return changed


def _misfits(scenario: Scenario) -> tuple[int, int]:
    """How many biases have a row for each example, and how many gradients have another shape than what they are of."""
    recorder = Recorder()
    try:
        out = scenario.run(recorder, 0)
    except (Exception, SystemExit):
        return 99, 99
    if out.loss is not None and not np.all(np.isfinite(out.loss)):
        return 90, 90
    shapes = {e.name: e.value.shape for e in recorder.events if e.key[0] in ("argument", "attribute")}
    wrong = 0 if out.error is None else 50
    for name, value in out.results:
        wanted = [shapes[n] for n in inputs_named(name, list(shapes))]
        wrong += bool(wanted and value.shape not in wanted)
    given = [e for e in recorder.events if e.key[0] in ("argument", "attribute")]
    biases = [e for e in given if BIAS.match(plain(e.name)) and e.value.ndim > 1]
    return sum(min(e.value.shape) > 1 for e in biases), wrong
