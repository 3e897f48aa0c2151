"""The pairs of a file, run and judged one after the other: a program, the cells of a notebook, the code blocks of a document."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wengert.errors import CheckError, EquationError, WengertError
from wengert.programs.arrays import LIBRARIES
from wengert.programs.asking import asked
from wengert.programs.claims import Claims
from wengert.programs.conventions import Convention, conventions, right_of, settle
from wengert.programs.events import Recorder
from wengert.programs.faults import SECONDS
from wengert.programs.fitting import poorer, solved
from wengert.programs.judging import Judged, judged
from wengert.programs.losses import losses, needs_loss
from wengert.programs.pairs import Pair, library_of, pairs_of
from wengert.programs.references import references
from wengert.programs.report import Report
from wengert.programs.scenario import Scenario
from wengert.programs.scripts import script_points, take_first_step
from wengert.programs.source import Program, parsed

OLD_DIVISION = re.compile(
    r"'float' object cannot be interpreted as an integer|only integers, slices|slice indices must be integers"
)

SUM = re.compile(r"\b(sum|mean)\(")


def code_of(text: str, name: str) -> tuple[str, list[str]]:
    """The code of a file, and what its lines are called where they are not the lines of the file.

    Raises EquationError where a notebook cannot be read.
    """
    if name.endswith(".ipynb"):
        return _cells(text, name)
    if name.endswith(".py"):
        return text, []
    out: list[str] = []
    inside = False
    for line in text.split("\n"):
        if re.match(r"\s*(```|~~~)", line):
            inside = not inside and bool(re.match(r"\s*(```|~~~)\s*\{?\.?(python|py|python3|numpy)\b", line, re.I))
            out.append("")
        else:
            out.append(line if inside else "")
    return "\n".join(out), []


def _cells(text: str, name: str) -> tuple[str, list[str]]:
    try:
        cells = json.loads(text)["cells"]
    except (ValueError, KeyError, TypeError):
        raise EquationError(
            f"'{name}' is no notebook.", "  it is no JSON with cells", "Save it from Jupyter again."
        ) from None
    lines: list[str] = []
    places: list[str] = []
    number = 0
    for cell in cells:
        if cell.get("cell_type") != "code":
            continue
        number += 1
        for k, line in enumerate("".join(cell.get("source", [])).split("\n")):
            lines.append("" if line.lstrip().startswith(("%", "!")) else line)
            places.append(f"cell {number}, line {k + 1}")
    return "\n".join(lines), places


@dataclass(frozen=True)
class Origin:
    """The text that a program is loaded from, what it is called, and its file, beside which its own modules stand."""

    code: str
    name: str
    file: Path | None = None

    def load(self, pair: Pair | None = None, python2: bool | None = None, unguarded: bool = False) -> Program:
        """The program, its definitions run, to judge a pair of it.

        Raises CheckError where the library that the pair computes with is not installed.
        """
        tree, older = parsed(self.code, self.name)
        program = Program(tree, older if python2 is None else python2, self.file, unguarded)
        if pair is not None:
            program.library = LIBRARIES[library_of(program, pair)]()
        with program.library.running():
            program.load()
        return program


def check_text(
    text: str, name: str, given: dict[str, Any] | None = None, guard: Any = None, file: Path | None = None
) -> Report:
    """Run and judge what a file holds. `given`: values of arguments, or (shape, kind); `guard`: runs each pair under a limit of time;
    `file`: where the text is from, if its project's own modules are to be run too.

    Raises EquationError where there is no program, or no pair in it.
    """
    code, places = code_of(text, name)
    origin = Origin(code, name, file)
    tree, older = parsed(code, name)
    program = Program(tree, older, file)
    pairs = pairs_of(program)
    if not pairs:
        raise EquationError(
            f"No forward and backward pass is found in '{name}'.",
            "  no functions like layer_forward and layer_backward, no loss with gradients",
            "Name them so:  def affine_forward(x, w, b): …  and  def affine_backward(dout, cache): …",
        )
    found: list[Judged] = []
    for pair in pairs:
        done = _one(origin, pair, given or {}, guard, program.python2)
        found.append(done)
    return Report(found, places)


def _one(origin: Origin, pair: Pair, given: dict[str, Any], guard: Any, python2: bool) -> Judged:
    """One pair, in a program of its own: what is mended in it does not show in others."""
    try:
        return (guard or _unguarded)(lambda: _judged(origin, pair, given, python2))
    except WengertError as error:
        return Judged(str(pair), [], {}, error=str(error))
    except (Exception, SystemExit) as error:  # whatever a program raises is what is to be told
        text = str(error).split("\n")[0]
        said = CheckError(
            f"{str(pair)[0].upper()}{str(pair)[1:]} cannot be run.",
            f"  {type(error).__name__}: {text[:200]}",
            'Correct this first, or give inputs:  --shapes "x=(4,3)"',
        )
        return Judged(str(pair), [], {}, error=str(said))


def _unguarded(do: Any) -> Any:
    return do()


def _judged(origin: Origin, pair: Pair, given: dict[str, Any], python2: bool) -> Judged:
    with np.errstate(all="ignore"):
        program = origin.load(pair, python2)
        found = _judged_as_loaded(program, origin, pair, given)
        if _cost(found)[0] and (column := _judged_as_column(origin, pair, given, program.python2)) is not None:
            return column
        if not program.guards or not found.count("wrong"):
            return found
        try:
            without = _judged_as_loaded(origin.load(pair, python2, unguarded=True), origin, pair, given)
        except (Exception, SystemExit):  # the guards are needed
            return found
        if _cost(without) >= _cost(found):
            return found
        without.notes.append("constants up to 1e-05 that keep from 0 are no part of what is differentiated")
        return without


def _judged_as_loaded(program: Program, origin: Origin, pair: Pair, given: dict[str, Any]) -> Judged:
    try:
        scenario, right = _scenario(program, pair, origin.code, given)
    except Exception as error:
        if program.python2 or not OLD_DIVISION.search(str(error)):
            raise
        program = origin.load(pair, True, program.unguarded)  # sizes by `/`: written for Python 2
        scenario, right = _scenario(program, pair, origin.code, given)
    if right is not None:
        found = _judged_of(scenario, origin)
        if _cost(found) == (0, 1) and not _without_a_sum(found):
            return found
        right = Scenario(origin.load(pair, program.python2, program.unguarded), pair, right.points)
        settle(right)
        return judged(right, origin.code)
    return _judged_of(scenario, origin)


def _judged_of(scenario: Scenario, origin: Origin) -> Judged:
    if needs_loss(scenario):
        return judged_with_loss(scenario, origin)
    tried = list(conventions(scenario))
    if len(tried) < 2 or right_of(scenario)[1]:
        return judged(scenario, origin.code)
    return _judged_by_fewest_mends(scenario, tried, origin)


def _judged_as_column(origin: Origin, pair: Pair, given: dict[str, Any], python2: bool) -> Judged | None:
    """The verdict with one example as a column, (n, 1), if all is right with it: a batch of one hides a mistake in its sum."""
    if pair.flat:
        return None
    program = origin.load(pair, python2)
    try:
        scenarios = solved(program, pair, asked(program, pair, origin.code), given, all_ranks=True, columns=True)
    except CheckError:  # it does not run so
        return None
    for scenario in scenarios:
        settle(scenario)
        if right_of(scenario)[1]:
            found = judged(scenario, origin.code)
            found.notes.append("judged with one example, as a column")
            return found
    return None


def _cost(found: Judged) -> tuple[int, int]:
    """How many lines are wrong without a mend, and how many are wrong."""
    wrong = [row for row in found.rows if row.status == "wrong"]
    return sum(not row.corrected for row in wrong), len(wrong)


def _without_a_sum(found: Judged) -> bool:
    """Whether the mend takes a sum away: the author has a smaller parameter than was guessed, and no sum too many."""
    rows = [row for row in found.rows if row.status == "wrong"]
    return all(row.kind == "sum" and len(SUM.findall(row.corrected)) < len(SUM.findall(row.text)) for row in rows)


def _judged_by_fewest_mends(scenario: Scenario, tried: list[Convention], origin: Origin) -> Judged:
    """Judge a pair that is right under no convention under that in which the fewest changes of lines mend it."""
    found: list[Judged] = []
    for convention in tried:
        program = origin.load(scenario.pair, scenario.program.python2, scenario.program.unguarded)
        trial = Scenario(program, scenario.pair, scenario.points)
        convention.put(trial)
        try:
            found.append(judged(trial, origin.code, seconds=SECONDS / len(tried)))
        except CheckError:  # a convention under which it cannot be run
            continue
    if not found:
        return judged(scenario, origin.code)
    return min(found, key=_cost)


def _scenario(program: Program, pair: Pair, code: str, given: dict[str, Any]) -> tuple[Scenario, Scenario | None]:
    """The likeliest inputs; beside them poorer ones, if the program is right with these alone: one change of a line is believed first."""
    if not pair.flat:
        wanted = asked(program, pair, code)
        first = solved(program, pair, wanted, given)[0]
        settle(first)
        if needs_loss(first) or right_of(first)[1]:
            return first, None
        # a program is not wrong for inputs that were guessed: those are taken with which it is right
        others = solved(program, pair, wanted, given, all_ranks=True)
        right: Scenario | None = None
        for other in _different(others):
            settle(other)
            if right_of(other)[1]:
                if not poorer(other, first):
                    return other, None
                right = right or other
        return first, right
    take_first_step(program)
    program.install_body()
    return Scenario(program, pair, script_points(program, given)), None


def _different(scenarios: list[Scenario]) -> list[Scenario]:
    """Those that are given other values than the ones before: other ranks come to the same sizes where a run amends them."""
    found: dict[Any, Scenario] = {}
    for scenario in scenarios:
        found.setdefault(_identity(vars(scenario.points[0])), scenario)
    return list(found.values())


def _identity(value: Any) -> Any:
    """What tells values of inputs apart: of arrays their entries, of other objects which they are."""
    if isinstance(value, dict):
        return tuple((name, _identity(each)) for name, each in value.items())
    if isinstance(value, list | tuple):
        return type(value), tuple(map(_identity, value))
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.str, value.shape, value.tobytes()
    return value if isinstance(value, int | float | str | None) else id(value)


def judged_with_loss(scenario: Scenario, origin: Origin) -> Judged:
    """Judge with the loss under which most results are right.

    Raises CheckError where none is right under any.
    """
    best: tuple[int, str, Any] = (0, "", None)
    for called, loss in losses(scenario):
        scenario.loss = loss
        scenario.after.clear()
        try:
            claims = Claims(scenario, [references(scenario, 0)])
            recorder = Recorder()
            out = scenario.run(recorder, 0)
        except (Exception, SystemExit):  # a loss that does not fit the output
            continue
        right = sum(s.verdict in ("right", "value") for s in claims.statuses(recorder, out, 0).values())
        if right > best[0]:
            best = (right, called, loss)
    if best[2] is None:
        best = _mendable(scenario, origin)
    scenario.loss = best[2]
    scenario.after.clear()
    found = judged(scenario, origin.code)
    found.notes.append(f"the program writes no loss; its gradients are those of the {best[1]}")
    return found


def _mendable(scenario: Scenario, origin: Origin) -> tuple[int, str, Any]:
    """The one loss under which changes of single lines make all results right."""
    fits: list[tuple[int, str, Any]] = []
    for called, loss in losses(scenario):
        program = origin.load(scenario.pair, scenario.program.python2)
        trial = Scenario(program, scenario.pair, scenario.points, loss)
        try:
            found = judged(trial, origin.code, seconds=4)
        except (Exception, SystemExit):  # a loss that does not fit the output
            continue
        wrong = [r for r in found.rows if r.status == "wrong"]
        if wrong and all(r.corrected for r in wrong):
            fits.append((len(wrong), called, loss))
    if not fits:
        raise CheckError(
            f"No loss is written for {scenario.pair}, and no usual one makes a gradient right.",
            f"  {scenario.pair.forward} gives its output, {scenario.pair.backward} takes the targets",
            "Return the loss beside the gradients, so that it is known.",
        )
    return min(fits, key=lambda f: f[0])


def given_shapes(text: str) -> dict[str, Any]:
    """Arrays from x=(4,3) y=int(4,)<3.

    Raises EquationError where a part is not of this form.
    """
    rng = np.random.default_rng(0)
    out: dict[str, Any] = {}
    for part in re.findall(r"\S+=(?:\([^)]*\)|\w+\([^)]*\)(?:<\d+)?|\S+)", text):
        found = re.fullmatch(r"(\w+)=(int|onehot|bits)?\(([\d, ]*)\)(?:<(\d+))?", part)
        number = re.fullmatch(r"(\w+)=(-?[\d.]+)", part)
        if number:
            out[number[1]] = float(number[2]) if "." in number[2] else int(number[2])
            continue
        if not found:
            raise EquationError(
                f"'{part}' does not say a shape.",
                f'  --shapes "{text}"',
                'Write, for example:  --shapes "x=(4,3) y=int(4,)<3 stride=1"',
            )
        shape = tuple(int(n) for n in re.findall(r"\d+", found[3]))
        if found[2] == "int":
            out[found[1]] = rng.integers(0, int(found[4] or 3), shape)
        elif found[2] == "onehot":
            out[found[1]] = np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
        elif found[2] == "bits":
            out[found[1]] = (rng.random(shape) < 0.5) * 1.0
        else:
            out[found[1]] = rng.standard_normal(shape)
    return out
