"""What a run shows to be wrong about the inputs that were guessed for it, amended."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from wengert.programs.claims import GIVEN
from wengert.programs.events import Event, Recorder
from wengert.programs.holders import WEIGHT
from wengert.programs.inputs import BIAS, SCALARS, Array, GivenValue
from wengert.programs.names import TARGET, inputs_named, plain
from wengert.programs.scenario import Scenario
from wengert.programs.sizes import LARGEST, PRIMES, Sizes, clash, unite
from wengert.programs.source import Program, calls_of, innermost


def amended(sizes: Sizes, scenario: Scenario, recorder: Recorder, out: Any, error: BaseException | None) -> bool:
    """Change what a run shows to be wrong about the inputs. False where there is nothing to change."""
    if error is None:
        if out.loss is not None and not np.all(np.isfinite(out.loss)) and (_positive(sizes) or _definite(sizes)):
            return True
        return (
            _same_as_output(sizes, recorder)
            or _kept_axes(sizes, recorder, out)
            or _as_long_as_gradients(sizes, scenario, recorder, out)
        )
    missing = re.search(r"object has no attribute '(\w+)'", str(error)) if isinstance(error, AttributeError) else None
    if missing and missing[1] in SCALARS and scenario.pair.cls:
        sizes.attributes[missing[1]] = SCALARS[missing[1]]
        return True
    if "negative dimensions" in str(error) and _smaller(sizes):
        return True
    if UNPACKED.search(str(error)) and _in_pairs(sizes):
        return True
    if kept := re.search(r"non-broadcastable output operand with shape \((\d+), ?1\) .*\(\1, ?(\d+)\)", str(error)):
        return _one(sizes, int(kept[2]))
    program = scenario.program
    if _cut(sizes, program, error) or _counted(sizes, scenario, error) or _in_equal_parts(sizes, program, error):
        return True
    two = clash(str(error)) or _contracted(error)
    if two is None or (out is not None and _makes_square(sizes, *two)):
        return False
    return unite(sizes, *two)


def _smaller(sizes: Sizes) -> bool:
    """Make counts of the constructor small: a kernel is smaller than the image. False where they are."""
    counts = [s for s in sizes.slots.values() if isinstance(s, Array) and s.kind == "count"]
    large = {a for s in counts for a in s.axes if isinstance(a, str) and sizes.axes[a] > 3}
    sizes.axes |= dict.fromkeys(large, 2)
    return bool(large)


def _makes_square(sizes: Sizes, a: int, b: int) -> bool:
    """Whether two axes of one array would be as long: where backward asks for it, as x @ dout of x.T @ dout, it is the mistake."""
    arrays = [s for (where, _), s in sizes.slots.items() if where != "backward" and isinstance(s, Array)]
    return any({a, b} <= {*s.shape(sizes.axes)} for s in arrays)


def _cut(sizes: Sizes, program: Program, error: BaseException) -> bool:
    """Make an axis as long as the parts that it is cut into, a[:, :H], a[:, H:2*H], …: where the run failed says how long H is."""
    call = innermost(error)
    if call is None:
        return False
    frame = call.tb_frame
    definitions = [f for (_, name), f in program.functions.items() if name == frame.f_code.co_name]
    if not definitions:
        return False
    for (base, axis), (times, name) in _parts(definitions[-1]).items():
        array, size = _read(frame, base), frame.f_locals.get(name)
        if not isinstance(size, int) or np.ndim(array) <= axis:
            continue
        had, wanted = np.shape(array)[axis], times * size
        if had != wanted and had in sizes.axes.values() and 1 < wanted <= LARGEST:
            sizes.axes = {k: wanted if v == had else v for k, v in sizes.axes.items()}
            return True
    return False


COUNTED = re.compile(
    r"only integer scalar arrays can be converted|cannot be interpreted as an integer|expected a sequence of integers|"
    r"only (?:length-1|0-dimensional) arrays can be converted|integers \(got type|must be tuple of ints"
)
"""What is said where an array stands in place of a size."""


def _counted(sizes: Sizes, scenario: Scenario, error: BaseException) -> bool:
    """Make whole numbers of the arguments of a constructor that its failing line reads as sizes. False where it reads none."""
    maker = scenario.program.functions.get((scenario.pair.cls, "__init__"))
    if maker is None or not COUNTED.search(str(error)):
        return False
    lines = {call.tb_lineno for call in calls_of(error) if call.tb_frame.f_code.co_name == "__init__"}
    read = {
        n.id
        for s in ast.walk(maker)
        if isinstance(s, ast.Assign | ast.AnnAssign | ast.Expr)
        and any(s.lineno <= k <= (s.end_lineno or k) for k in lines)
        for n in ast.walk(s)
        if isinstance(n, ast.Name)
    }
    found = [
        (w, n)
        for (w, n), s in sizes.slots.items()
        if w == "init" and n in read and isinstance(s, Array) and s.kind != "count" and n not in sizes.stated
    ]
    for where, name in found:
        axis = f"{where}.{name}"
        sizes.axes[axis] = next(p for p in PRIMES if p not in sizes.axes.values())
        sizes.slots[where, name] = Array((axis,), "count")
    return bool(found)


def _in_equal_parts(sizes: Sizes, program: Program, error: BaseException) -> bool:
    """Make an axis a multiple of the number of parts that it is cut into, by np.split or as D // H."""
    if "does not result in an equal division" in str(error):
        seen = _last_seen(error)
        array, parts = seen.get("ary"), seen.get("indices_or_sections")
        if array is None or not isinstance(parts, int):
            return False
        cut = [(array.shape[seen.get("axis", 0)], parts)]
    elif "cannot reshape" in str(error) or "is invalid for input of size" in str(error):
        cut = list(_divided(program, error))
    else:
        return False
    for had, parts in cut:
        if had % parts and had in sizes.axes.values() and parts * had <= LARGEST:
            sizes.axes = {k: parts * v if v == had else v for k, v in sizes.axes.items()}
            return True
    return False


def _divided(program: Program, error: BaseException) -> Iterator[tuple[int, int]]:
    """The whole numbers that the failing line, or one before it in its call, divides."""
    call = innermost(error)
    if call is None:
        return
    frame = call.tb_frame
    functions = [f for (_, n), f in program.functions.items() if n == frame.f_code.co_name]
    for node in ast.walk(functions[-1]) if functions else ():
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv):
            found = [_read(frame, ast.unparse(n)) for n in (node.left, node.right)]
            if all(isinstance(v, int) and v > 0 for v in found):
                yield found[0], found[1]


def _read(frame: Any, name: str) -> Any:
    """What a name, or an attribute of one, is in a call."""
    first, *rest = name.split(".")
    value = frame.f_locals.get(first)
    for part in rest:
        value = getattr(value, part, None)
    return value


def _last_seen(error: BaseException) -> dict[str, Any]:
    """The variables of the call in which an error arose, of the library too."""
    calls = list(calls_of(error))
    return calls[-1].tb_frame.f_locals if calls else {}


def _contracted(error: BaseException) -> tuple[int, int] | None:
    """The two axes that np.tensordot could not contract: its message names no sizes, so its call is asked."""
    if "shape-mismatch for sum" not in str(error):
        return None
    seen = _last_seen(error)
    a, b, axes = seen.get("a", 0), seen.get("b", 0), seen.get("axes")
    if not isinstance(axes, tuple | list):
        return None
    left, right = ([n] if isinstance(n, int) else list(n) for n in axes)
    for i, j in zip(left, right, strict=True):
        if (one := np.shape(a)[i]) != (other := np.shape(b)[j]):
            return one, other
    return None


def _parts(function: ast.FunctionDef) -> dict[tuple[str, int], tuple[int, str]]:
    """(array, axis) -> (how many parts, the name of the size of one), from slices with multiples of a name."""
    out: dict[tuple[str, int], tuple[int, str]] = {}
    for node in ast.walk(function):
        if not (isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name | ast.Attribute)):
            continue
        axes = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        for axis, part in enumerate(axes):
            ends = [(part.upper, 0), (part.lower, part.upper is None)] if isinstance(part, ast.Slice) else []
            for end, more in ends:
                if found := re.fullmatch(
                    r"(?:(\d+) \* )?([A-Za-z_]\w*)(?: \* (\d+))?", ast.unparse(end) if end else ""
                ):
                    times, name = int(found[1] or found[3] or 1) + more, found[2]
                    if times == 1:  # a[:, :n] says nothing of how long a is
                        continue
                    base = ast.unparse(node.value)
                    out[base, axis] = max(out.get((base, axis), (0, name)), (times, name))
    return out


UNPACKED = re.compile(
    r"cannot unpack non-iterable int|'int' object is not (subscriptable|iterable)|object of type 'int' has no len"
)


def _in_pairs(sizes: Sizes) -> bool:
    """Make (2, 2) of a kernel or stride of 2. False where there is none left."""
    found = {
        k: GivenValue((s.value, s.value))
        for k, s in sizes.slots.items()
        if isinstance(s, GivenValue) and isinstance(s.value, int) and not isinstance(s.value, bool)
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


def _definite(sizes: Sizes) -> bool:
    """Take x xᵀ + 1 for the square arrays of forward, which has a logarithm of the determinant and an inverse, and any numbers for the rest."""
    found = {
        k: Array(s.axes, "definite" if _is_square(sizes, s) else "real")
        for k, s in sizes.slots.items()
        if k[0] == "forward" and isinstance(s, Array) and s.kind == "probability"
    }
    sizes.slots.update(found)
    return any(slot.kind == "definite" for slot in found.values())


def _is_square(sizes: Sizes, slot: Array) -> bool:
    shape = slot.shape(sizes.axes)
    return len(shape) > 1 and shape[-1] == shape[-2]


def _as_long_as_gradients(sizes: Sizes, scenario: Scenario, recorder: Recorder, out: Any) -> bool:
    """Where a gradient has the rank of its quantity and another size, the quantity is longer than what is read of it.

    Where every gradient of a column has several columns, the program takes one example.
    """
    shapes = {e.name: e.value.shape for e in given_events(recorder)}
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
            elif is_size != had and is_size > 1 and had in sizes.axes.values() and unite(sizes, had, is_size):
                return True
    if wide and all(w for w, _ in wide) and len({n for _, n in wide}) == 1:
        before = dict(sizes.axes)
        sizes.axes = {
            k: 1 if v == wide[0][1] and k.split(".")[0] in ("forward", "backward", "N", "B") else v
            for k, v in sizes.axes.items()
        }
        return sizes.axes != before
    return False


def _same_as_output(sizes: Sizes, recorder: Recorder) -> bool:
    """Give a target the shape of what it is compared with where it only broadcast against it. True where something changed."""
    changed = False
    events = {plain(e.name): e.value.shape for e in recorder.events}
    for (where, name), slot in sizes.slots.items():
        if not isinstance(slot, Array) or slot.kind not in ("onehot", "bits") or len(slot.axes) != 2:
            continue
        shape = slot.shape(sizes.axes)
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


def given_events(recorder: Recorder) -> list[Event]:
    """What a run was given: arguments and attributes."""
    return [e for e in recorder.events if e.key[0] in GIVEN]


def axes_of_examples(given: list[Event]) -> tuple[set[int], set[int]]:
    """(sizes that only weights have, sizes that only data have): what has one of each has a row for each example."""
    weights = {n for e in given if WEIGHT.search(plain(e.name)) for n in e.value.shape}
    data = {
        n
        for e in given
        if not WEIGHT.search(plain(e.name)) and not BIAS.match(plain(e.name)) and not TARGET.match(plain(e.name))
        for n in e.value.shape
    }
    return weights - data, data - weights if weights else set()


def _kept_axes(sizes: Sizes, recorder: Recorder, out: Any) -> bool:
    """Give biases the shape of their gradients where these have axes of one entry, the author has summed with keepdims, or are numbers.

    A mean or sum over wrong axes with keepdims would make b of (1, m, 1, 1) and c of (1, 1, h, 1) in one layer, or leave the axis of the
    examples: then nothing is changed.
    """
    given = given_events(recorder)
    biases = {e.name: e.value.shape for e in given if BIAS.match(plain(e.name)) and e.value.ndim}
    _, examples = axes_of_examples(given)
    batch = {size for axis, size in sizes.axes.items() if axis in ("N", "B", "m")} | examples
    found: dict[str, tuple[int, ...]] = {}
    for name, value in out.results:
        hits = inputs_named(name, list(biases))
        if len(hits) != 1 or value.shape == biases[hits[0]]:
            continue
        of_examples = not value.ndim and bool(set(biases[hits[0]]) & examples)  # a number for all, not one for each
        if of_examples or (value.ndim > 1 and 1 in value.shape):
            found[hits[0]] = value.shape
    ones = Counter(tuple(n == 1 for n in shape) for shape in found.values())
    if len(ones) != 1 or any(n in batch for shape in found.values() for n in shape):
        return False
    changed = False
    for (where, name), slot in sizes.slots.items():
        if name in found and isinstance(slot, Array) and name not in sizes.stated:
            if len(slot.axes) == len(found[name]) and not any(n in examples for n in biases[name]):
                continue
            by_size = {size: axis for axis, size in sizes.axes.items()}
            axes = tuple(1 if n == 1 else by_size.get(n, n) for n in found[name])
            if axes != slot.axes:
                sizes.slots[where, name] = Array(axes, slot.kind)
                changed = True
    return changed
