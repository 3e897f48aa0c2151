"""Inputs with which a pair runs: ranks that the text leaves open are tried, and what a run shows to be wrong is amended."""

from __future__ import annotations

import ast
import heapq
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from wengert.errors import CheckError
from wengert.programs.amending import amended, axes_of_examples, given_events
from wengert.programs.asking import Asked
from wengert.programs.conventions import conventions
from wengert.programs.events import Event, Recorder
from wengert.programs.holders import WEIGHT
from wengert.programs.inputs import BIAS, Array, GivenValue, Slot, UnknownInput
from wengert.programs.names import LOSS, TARGET, inputs_named, plain
from wengert.programs.pairs import Pair
from wengert.programs.scenario import Scenario
from wengert.programs.sizes import Sizes, start
from wengert.programs.source import Program, line_of

RUNS = 2000  # of a scenario whose sizes are looked for
LIMITS = (MemoryError, EOFError, SystemExit, PermissionError)  # other sizes do not help against these
ENTRIES = 200_000  # of all arguments: beyond it two sizes chase each other, as beyond the next


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
    open_slots = [(n, s) for _, n, s in slots if isinstance(s, UnknownInput)]
    found: list[tuple[tuple[float, ...], Scenario]] = []
    taken = sizes_in(program) | {n for _, _, s in slots for n in _sizes_said(s)}
    failing: list[Scenario] = []  # their backward pass raises an error
    runs = 0
    last: BaseException | None = None
    for unlikely, ranks in _likeliest_first(open_slots):
        sizes = start(slots, ranks, taken)
        for trial in filter(None, map(_one_column, _targets(sizes))) if columns else _targets(sizes):
            scenario, used, error = _fit(program, pair, trial)
            runs += used
            last = last if isinstance(last, CheckError) else error or last
            if scenario is not None:
                biases, misfits = _misfits(scenario, trial)
                failing += [scenario] if error is not None else []
                found.append(((biases, unlikely + misfits, trial.columns + _single(scenario), len(found)), scenario))
                if not (any(found[-1][0][k] for k in (0, 2)) or misfits or all_ranks):
                    return [min(found, key=lambda f: f[0])[1]]
            if runs > RUNS:
                break
        if runs > RUNS:
            break
    if found:
        alive = [f for f in found if f[1] not in failing]
        least = min((f[0][0], f[0][2]) for f in alive or found)  # what has one entry hides a mistake in its sum
        found = [f for f in found if (f[0][0], f[0][2]) == least or (alive and f[1] in failing)]
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


def _likeliest_first(slots: list[tuple[str, UnknownInput]]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Choices of a rank for each input with what they cost, the sum of the squares of their places, which does not fall.

    Three inputs or more of one family (bf, bi, bo) have one rank: a program writes all its biases as columns, or none.
    """
    families: dict[str, list[int]] = {}
    for i, (name, slot) in enumerate(slots):
        families.setdefault(_family(name) if slot.kind == "real" else f"{i}", []).append(i)
    groups = [g for f in families.values() for g in ([f] if len(f) > 2 else [[i] for i in f])]
    choices = [[r for r in slots[g[0]][1].ranks if all(r in slots[i][1].ranks for i in g)] for g in groups]
    ahead: list[tuple[int, tuple[int, ...]]] = [(0, (0,) * len(groups))]
    while ahead:
        cost, places = heapq.heappop(ahead)
        of = {i: ranks[k] for group, ranks, k in zip(groups, choices, places, strict=True) for i in group}
        yield cost, tuple(of[i] for i in range(len(slots)))
        last = max((k for k, i in enumerate(places) if i), default=0)
        for k in range(last, len(places)):  # a choice is made in the order of the inputs, so each once
            if places[k] + 1 < len(choices[k]):
                more = (*places[:k], places[k] + 1, *places[k + 1 :])
                heapq.heappush(ahead, (cost + 2 * places[k] + 1, more))


def _family(name: str) -> str:
    """What inputs of one rank are called alike: biases, weights, what goes from step to step."""
    part = plain(name)
    if BIAS.match(part):
        return "bias"
    return "weight" if WEIGHT.search(part) else part


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


def _sizes_said(slot: Slot) -> set[int]:
    """The sizes that an argument says by its value."""
    value = slot.value if isinstance(slot, GivenValue) else ()
    return {n for n in value if isinstance(n, int)} if isinstance(value, list | tuple) else set()


def _targets(sizes: Sizes) -> Iterator[Sizes]:
    """Targets as they may be: a row of numbers for each example, one-hot or not, or a class each."""
    targets = [
        k
        for k, s in sizes.slots.items()
        if isinstance(s, Array) and s.kind in ("target", "label") and s.axes and isinstance(s.axes[0], str)
    ]
    read = [
        (n, s)
        for (w, n), s in sizes.slots.items()
        if w == "forward" and isinstance(s, Array) and s.kind in ("real", "probability") and s.axes
    ]
    examples = [s for n, s in read if not WEIGHT.search(plain(n)) and not BIAS.match(plain(n))]
    words = [k for k in targets if not TARGET.match(k[1]) and len(targets) > 1]  # inputs that are classes, as words are
    if words:
        examples, targets = [s for k, s in sizes.slots.items() if k in words], [k for k in targets if k not in words]
    first = next((s for s in examples or [s for _, s in read] if isinstance(s, Array)), None)
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
        if state not in seen and amended(sizes, scenario, recorder, out, error):
            seen.add(state)
            continue
        if error is None or (out is not None and _out_of_backward(program, error)):
            scenario.points = [sizes.point(1), sizes.point(2)]
            scenario.after.clear()
            return scenario, runs, error
        return None, runs, error
    return None, runs, None


def _out_of_backward(program: Program, error: BaseException) -> bool:
    """Whether an error may be a mistake of the backward pass: its products and sums do not fit. Of ranks it is one of the inputs."""
    said = str(error)
    ranks = "axes don't match array" in said or "is out of bounds for array of dimension" in said
    if ranks or ("values to unpack" in said and _unpacks_a_shape(program, line_of(error))):
        return False
    return isinstance(error, ValueError | IndexError | TypeError | RuntimeError)  # PyTorch raises the last


def _unpacks_a_shape(program: Program, line: int) -> bool:
    """Whether a line takes the sizes of an array apart: n, d = x.shape."""
    nodes = [each.node for each in program.statements.values()]
    return any(n.lineno <= line <= n.end_lineno and re.search(r"\bshape\b|\.size\(", ast.unparse(n)) for n in nodes)


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


def _single(scenario: Scenario) -> int:
    """How many inputs are rows of one number: sequences of one step, states of one unit. What is wrong between steps does not show."""
    given = {**scenario.points[0].arguments, **scenario.points[0].init}
    return sum(np.shape(value) == (1,) for value in given.values() if isinstance(value, np.ndarray))


CRASH = 1.5  # in gradients of another shape
ONE = 0.5  # a single gradient of another shape may be the mistake that is looked for: other ranks are less likely


def _misfits(scenario: Scenario, sizes: Sizes) -> tuple[int, float]:
    """How many biases have a row for each example or data are square, and how many gradients have another shape than what they are of."""
    recorder = Recorder()
    try:
        out = scenario.run(recorder, 0)
    except (Exception, SystemExit):
        return 99, 99
    if out.loss is not None and not np.all(np.isfinite(out.loss)):
        return 90, 90
    given = given_events(recorder)
    shapes = {e.name: e.value.shape for e in given}
    misfit = set[str]()  # gradients in one list are of one line
    for name, value in out.results:
        wanted = [shapes[n] for n in inputs_named(name, list(shapes))]
        if wanted and value.shape not in wanted:
            misfit.add(name if name.endswith("']") else name.split("[")[0])
    wrong = float(len(misfit))
    biases = [e for e in given if BIAS.match(plain(e.name)) and _is_for_each_row(e, given)]
    if scenario.pair.combined and out.loss is not None and _is_many(recorder):
        wrong += 2
    wrong = ONE if wrong == 1 else wrong
    said = {n for s in sizes.slots.values() for n in _sizes_said(s)}
    square = [e for e in given if _is_square(e, said)]
    return len(biases) + len(square), wrong + (CRASH if out.error is not None else 0)


def _is_square(event: Event, said: set[int]) -> bool:
    """Whether two axes of data are as long, or the examples as many as units of a layer: all sizes differ at first,
    so a target that did not fit has made them one.
    """
    name, shape = plain(event.name), event.value.shape
    if not 1 < len(shape) < 4 or WEIGHT.search(name) or BIAS.match(name) or 1 in shape or TARGET.match(name):
        return False
    return event.key[0] == "argument" and (len(set(shape)) < len(shape) or said >= set(shape))


def _is_for_each_row(bias: Event, given: list[Event]) -> bool:
    """Whether a bias has a row for each example, and not an entry for each two of them, as the scores of an attention have."""
    shape = bias.value.shape
    weights, data = axes_of_examples(given)
    if set(shape) & data and (len(shape) == 1 or set(shape) & weights):
        return True
    if len(shape) < 2 or min(shape) < 2 or shape[-1] == shape[-2]:
        return False
    columns = [e.name for e in given if e is not bias and shape[-1] in e.value.shape and shape[-2] not in e.value.shape]
    columns = [name for name in columns if not BIAS.match(plain(name))]
    return not columns or any(WEIGHT.search(plain(name)) for name in columns)


def _is_many(recorder: Recorder) -> bool:
    """Whether a loss is written of one number, and has several with these inputs."""
    losses = [e for e in recorder.events if LOSS.match(e.name)]
    return bool(losses) and losses[-1].value.size > 1
