"""Inputs with which a pair runs: ranks that the text leaves open are tried, and what a run shows to be wrong is amended."""

from __future__ import annotations

import ast
import heapq
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from wengert.errors import CheckError
from wengert.programs.asking import Asked
from wengert.programs.conventions import conventions
from wengert.programs.events import Event, Recorder
from wengert.programs.holders import WEIGHT
from wengert.programs.inputs import BIAS, SCALARS, Array, GivenValue, UnknownInput
from wengert.programs.names import LOSS, inputs_named, plain
from wengert.programs.pairs import Pair
from wengert.programs.scenario import Scenario
from wengert.programs.sizes import LARGEST, Sizes, clash, start, unite
from wengert.programs.source import FILENAME, Program

RUNS = 800  # of a scenario whose sizes are looked for
LIMITS = (MemoryError, EOFError, SystemExit, PermissionError)  # other sizes do not help against these
ENTRIES = 20_000  # of all arguments: beyond it two sizes chase each other, as beyond the next


def solved(
    program: Program,
    pair: Pair,
    wanted: Asked,
    given: dict[str, Any],
    *,
    all_ranks: bool = False,
    columns: bool = False,
) -> list[Scenario]:
    """Scenarios that run, the likeliest first: by the ranks that the text speaks of, and the gradients that have other shapes.

    Without `all_ranks` the first in which none has; with `columns` forward's matrices are one example each, as a column.
    """
    slots = [(w, n, GivenValue(given[plain(n)]) if plain(n) in given else s) for w, n, s in wanted.all()]
    open_ranks = [s.ranks for _, _, s in slots if isinstance(s, UnknownInput)]

    def unlikely(ranks: tuple[int, ...]) -> int:
        return sum(o.index(x) ** 2 for o, x in zip(open_ranks, ranks, strict=True))

    found: list[tuple[tuple[float, ...], Scenario]] = []
    taken = sizes_in(program)
    runs = 0
    last: BaseException | None = None
    for ranks in _likeliest_first(open_ranks):
        sizes = start(slots, ranks, taken)
        for trial in filter(None, map(_one_column, _targets(sizes))) if columns else _targets(sizes):
            scenario, used, error = _fit(program, pair, trial)
            runs += used
            last = error or last
            if scenario is not None:
                biases, misfits = _misfits(scenario)
                found.append(((biases, unlikely(ranks) + misfits, trial.columns, len(found)), scenario))
                if not (biases or misfits or trial.columns or all_ranks):
                    return [min(found, key=lambda f: f[0])[1]]
            if runs > RUNS:
                break
        if runs > RUNS:
            break
    if found:
        least = min((f[0][0], f[0][2]) for f in found)  # what has one entry hides a mistake in its sum
        found = [f for f in found if (f[0][0], f[0][2]) == least]
        return [s for _, s in sorted(found, key=lambda f: f[0])]
    if isinstance(last, CheckError):
        raise last
    raise CheckError(
        f"No inputs are found with which {pair} runs{_because(last)}.",
        f"  {', '.join(n for w, n, _ in slots if w != 'backward')}",
        'Say what they are:  --shapes "'
        + " ".join(
            f"{plain(n)}=(4,3)"
            for w, n, s in slots
            if isinstance(s, UnknownInput) or (w == "forward" and isinstance(s, Array))
        )
        + '"',
    )


def _likeliest_first(open_ranks: list[tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
    """Choices of a rank for each input: the sum of the squares of their places does not fall."""
    ahead: list[tuple[int, tuple[int, ...]]] = [(0, (0,) * len(open_ranks))]
    while ahead:
        cost, places = heapq.heappop(ahead)
        yield tuple(ranks[i] for ranks, i in zip(open_ranks, places, strict=True))
        last = max((k for k, i in enumerate(places) if i), default=0)
        for k in range(last, len(places)):  # a choice is made in the order of the inputs, so each once
            if places[k] + 1 < len(open_ranks[k]):
                more = (*places[:k], places[k] + 1, *places[k + 1 :])
                heapq.heappush(ahead, (cost + 2 * places[k] + 1, more))


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
        if isinstance(s, Array) and s.kind in ("target", "label") and s.axes and isinstance(s.axes[0], str)
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
        except LIMITS:
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
        if out.loss is not None and not np.all(np.isfinite(out.loss)) and (_positive(sizes) or _definite(sizes)):
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
    if _cut(sizes, scenario.program, error):
        return True
    two = clash(str(error))
    return two is not None and unite(sizes, *two)


def _cut(sizes: Sizes, program: Program, error: BaseException) -> bool:
    """Make an axis as long as the parts that it is cut into, a[:, :H], a[:, H:2*H], …: where the run failed says how long H is."""
    frame = _frame_of(error)
    definitions = [
        f for (_, name), f in program.functions.items() if frame is not None and name == frame.f_code.co_name
    ]
    if frame is None or not definitions:
        return False
    for (base, axis), (times, name) in _parts(definitions[-1]).items():
        array, size = frame.f_locals.get(base), frame.f_locals.get(name)
        if not isinstance(size, int) or np.ndim(array) <= axis:
            continue
        had, wanted = np.shape(array)[axis], times * size
        if had != wanted and had in sizes.axes.values() and 1 < wanted <= LARGEST:
            sizes.axes = {k: wanted if v == had else v for k, v in sizes.axes.items()}
            return True
    return False


def _frame_of(error: BaseException) -> Any:
    """The innermost call of the program in which an error arose."""
    found, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILENAME:
            found = trace.tb_frame
        trace = trace.tb_next
    return found


def _parts(function: ast.FunctionDef) -> dict[tuple[str, int], tuple[int, str]]:
    """(array, axis) -> (how many parts, the name of the size of one), from slices with multiples of a name."""
    out: dict[tuple[str, int], tuple[int, str]] = {}
    for node in ast.walk(function):
        if not (isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name)):
            continue
        axes = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        for axis, part in enumerate(axes):
            ends = [(part.upper, 0), (part.lower, part.upper is None)] if isinstance(part, ast.Slice) else []
            for end, more in ends:
                if found := re.fullmatch(r"(\d+) \* (\w+)|(\w+) \* (\d+)", ast.unparse(end) if end else ""):
                    times, name = int(found[1] or found[4]) + more, found[2] or found[3]
                    out[node.value.id, axis] = max(out.get((node.value.id, axis), (0, name)), (times, name))
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
    shape = [a if isinstance(a, int) else sizes.axes[a] for a in slot.axes]
    return len(shape) > 1 and shape[-1] == shape[-2]


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


def poorer(a: Scenario, b: Scenario) -> bool:
    """Whether the inputs of a have fewer axes than those of b, or axes of one entry: a mistake in a sum does not show."""
    for mine, other in ((a.points[0].arguments, b.points[0].arguments), (a.points[0].init, b.points[0].init)):
        for name, value in mine.items():
            if name not in other:
                continue
            beside = other[name]
            if np.ndim(value) < np.ndim(beside) or (1 in np.shape(value) and 1 not in np.shape(beside)):
                return True
            if isinstance(value, int) and isinstance(beside, int) and value == 1 < beside:
                return True
    return False


CRASH = 1.5  # in gradients of another shape
ONE = 0.5  # a single gradient of another shape may be the mistake that is looked for: other ranks are less likely


def _misfits(scenario: Scenario) -> tuple[int, float]:
    """How many biases have a row for each example, and how many gradients have another shape than what they are of."""
    recorder = Recorder()
    try:
        out = scenario.run(recorder, 0)
    except (Exception, SystemExit):
        return 99, 99
    if out.loss is not None and not np.all(np.isfinite(out.loss)):
        return 90, 90
    shapes = {e.name: e.value.shape for e in recorder.events if e.key[0] in ("argument", "attribute")}
    wrong = 0.0
    for name, value in out.results:
        wanted = [shapes[n] for n in inputs_named(name, list(shapes))]
        wrong += bool(wanted and value.shape not in wanted)
    given = [e for e in recorder.events if e.key[0] in ("argument", "attribute")]
    biases = [e for e in given if BIAS.match(plain(e.name)) and _is_for_each_row(e, given)]
    if scenario.pair.combined and out.loss is not None and _is_many(recorder):
        wrong += 2
    wrong = ONE if wrong == 1 else wrong
    return len(biases), wrong + (CRASH if out.error is not None else 0)


def _is_for_each_row(bias: Event, given: list[Event]) -> bool:
    """Whether a bias has a row for each example, and not an entry for each two of them, as the scores of an attention have."""
    shape = bias.value.shape
    if len(shape) < 2 or min(shape) < 2 or shape[-1] == shape[-2]:
        return False
    columns = [e.name for e in given if e is not bias and shape[-1] in e.value.shape and shape[-2] not in e.value.shape]
    columns = [name for name in columns if not BIAS.match(plain(name))]
    return not columns or any(WEIGHT.search(plain(name)) for name in columns)


def _is_many(recorder: Recorder) -> bool:
    """Whether a loss is written of one number, and has several with these inputs."""
    losses = [e for e in recorder.events if LOSS.match(e.name)]
    return bool(losses) and losses[-1].value.size > 1
