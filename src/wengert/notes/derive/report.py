"""Systems, derivations, steps and comparisons as text and LaTeX for a reader; it decides lines and spacing, nothing mathematical."""

from __future__ import annotations

from collections.abc import Sequence

from wengert.core.ir.names import bar
from wengert.notes.derive.backward import Backward
from wengert.notes.derive.counting import OperationCount
from wengert.notes.derive.difference import Change
from wengert.notes.derive.expand import Comparison
from wengert.notes.derive.printed import LinePrinter
from wengert.notes.derive.printed_steps import beyond_the_end, steps_of, zero_starts_of
from wengert.notes.derive.steps import DerivationStep
from wengert.notes.elaboration.system import SystemData
from wengert.notes.notation import latex, unicode
from wengert.notes.notation.expr import Line, Ref
from wengert.notes.notation.symbols import Symbols


def symbols_of(system: SystemData) -> Symbols | None:
    """What the printers need to know of names and fonts."""
    return system.symbols


def show_line(line: Line, system: SystemData, *, ascii: bool = False) -> str:
    """One equation on one line, its notes after it."""
    text = unicode.show(Line(line.left, line.rights), ascii, symbols_of(system))
    return text + aside(line, system, ascii=ascii)


def aside(line: Line, system: SystemData, *, ascii: bool = False) -> str:
    """What stands after an equation: the steps for which it holds, and its notes."""
    text = ""
    notes = [note for note in line.notes if note.startswith(("with ", "by index"))]
    zero = [f"{unicode.show(each, ascii, symbols_of(system))} = 0" for each in beyond_the_end(line, system)]
    notes += [", ".join(zero)] if zero else []
    steps = steps_of(line, system)
    if steps is not None:
        letter, low, high = steps
        text += f"    for {letter} = {unicode.show(low, ascii)}{'...' if ascii else '…'}{unicode.show(high, ascii)}"
    starts = " = ".join(unicode.show(each, ascii, symbols_of(system)) for each in zero_starts_of(line, system))
    notes += [f"{starts} = 0"] if starts else []
    return text + "".join(f"    ({note})" for note in notes)


def echo_text(system: SystemData, *, ascii: bool = False, warnings: bool = True) -> str:
    """The system as it was read: each line, then every quantity with its shape and part, then what was guessed."""
    rows = ["read as"]
    rows += [f"  {show_line(line.written, system, ascii=ascii)}" for line in system.lines]
    rows.append("with")
    for name, quantity in system.quantities.items():
        shape = " × ".join(str(size) for size in quantity.type.shape)
        kind = {0: "a number", 1: f"a vector of {shape}", 2: f"a matrix {shape}"}.get(
            quantity.type.rank, f"an array {shape}"
        )
        if quantity.type.dtype == "int64":
            kind += ", integers"
        part = (
            "loss"
            if name == system.loss
            else "parameter"
            if name in system.params
            else "data"
            if name in system.data
            else "computed"
            if system.defines(name)
            else "input"
        )
        rows.append(
            f"  {spell(name, system, ascii=ascii)}: {kind}, {part}"
            + (f" ({quantity.identifier} in Python)" if quantity.identifier != name else "")
        )
    return "\n".join([*rows, *(system.warnings if warnings else ())])


def spell(name: str, system: SystemData, *, ascii: bool = False) -> str:
    """A quantity's name as it is printed."""
    return unicode.show(Ref(name), ascii, symbols_of(system))


def derivation_text(
    backward: Backward, lines: Sequence[Line], form: str, *, ascii: bool = False, shapes: bool = False
) -> str:
    """The forward system, then the backward pass, one line a quantity; with `shapes`, the shape of each array behind it."""
    system = backward.system
    forward = LinePrinter(system, "index" if form == "elements" else form).forward()
    rows = ["forward", *(f"  {show_line(line, system, ascii=ascii)}" for line in forward), "backward"]
    if not backward.seeded:
        printer = LinePrinter(system, "index" if form == "elements" else form)
        left, _, _ = printer.equation(bar(backward.loss), [])
        rows.append(f"  {unicode.show(left, ascii, symbols_of(system))} is given")
    rows += [
        f"  {show_line(line, system, ascii=ascii)}" + (shape_note(line, system) if shapes else "") for line in lines
    ]
    return "\n".join(rows)


def shape_note(line: Line, system: SystemData) -> str:
    """The shape of the array on a left side, in brackets; "" for a number."""
    name = line.left.name if isinstance(line.left, Ref) else ""
    quantity = next((q for q in system.quantities.values() if name in (q.name, q.indexed, q.whole)), None)
    return f"    [{' × '.join(map(str, quantity.type.shape))}]" if quantity is not None and quantity.type.rank else ""


def derivation_latex(system: SystemData, lines: Sequence[Line], notes: Sequence[str]) -> str:
    """The lines as one aligned display that KaTeX and MathJax both take."""
    known = symbols_of(system)
    rows: list[str] = []
    for line in lines:
        first, *more = line.rights
        remark = "".join(
            rf" \quad \text{{({note})}}" for note in (*line.notes, *notes) if note.startswith(("with ", "by index"))
        )
        zero = ",\\ ".join(f"{latex.show(each, known)} = 0" for each in beyond_the_end(line, system))
        remark += rf" \quad ({zero})" if zero else ""
        steps = steps_of(line, system)
        if steps is not None:
            remark += rf" \quad \text{{for }} {steps[0]} = {latex.show(steps[1])}, \dots, {latex.show(steps[2])}"
        starts = " = ".join(latex.show(each, known) for each in zero_starts_of(line, system))
        remark += rf" \quad ({starts} = 0)" if starts else ""
        rows.append(
            f"{latex.show(line.left, known)} &= {latex.show(first, known)}"
            + "".join(f" = {latex.show(right, known)}" for right in more)
            + remark
        )
    body = " \\\\\n".join(rows)
    return f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$"


def steps_text(
    backward: Backward, steps: Sequence[DerivationStep], legend: Sequence[Line], *, ascii: bool = False
) -> str:
    """The steps, a paragraph a quantity."""
    system = backward.system
    paragraphs: list[str] = []
    for step in steps:
        rows = [unicode.show(step.simplified.left, ascii, symbols_of(system))]
        if step.chain is None:
            rows.append(f"  start      {show_line(step.simplified, system, ascii=ascii)}")
            paragraphs.append("\n".join(rows))
            continue
        rows.append(f"  children   {', '.join(spell(child, system, ascii=ascii) for child in step.children)}")
        rows += [f"  from       {show_line(source, system, ascii=ascii)}" for source in step.sources]
        rows.append(f"  rules      {', '.join(dict.fromkeys(step.rules)) or 'the quantity itself'}")
        rows.append(f"  chain rule {show_line(step.chain, system, ascii=ascii)}")
        if step.substituted is not None:
            rows.append(f"  put in     {show_line(step.substituted, system, ascii=ascii)}")
        rows += [f"  with       {show_line(each, system, ascii=ascii)}" for each in step.sums]
        rows.append(f"  result     {show_line(step.simplified, system, ascii=ascii)}")
        paragraphs.append("\n".join(rows))
    if legend:
        paragraphs.append("\n".join(f"where {show_line(line, system, ascii=ascii)}" for line in legend))
    return "\n\n".join(paragraphs)


def derivation_json(backward: Backward, lines: Sequence[Line], steps: Sequence[DerivationStep]) -> dict[str, object]:
    """The derivation as data: every line in Unicode and LaTeX, with its steps."""
    system = backward.system
    known = symbols_of(system)

    def both(line: Line | None) -> dict[str, str] | None:
        if line is None:
            return None
        plain = Line(line.left, line.rights)
        return {"unicode": unicode.show(plain, False, known), "latex": latex.show(plain, known)}

    return {
        "loss": backward.loss,
        "wrt": list(backward.wrt),
        "quantities": {
            name: {
                "shape": [str(s) for s in q.type.shape],
                "dtype": q.type.dtype,
                "identifier": q.identifier,
                "parents": list(system.parents(name)),
                "children": list(system.children(name)),
            }
            for name, q in system.quantities.items()
        },
        "forward": [both(line.written) for line in system.lines],
        "backward": [{**(both(line) or {}), "notes": list(line.notes)} for line in lines],
        "steps": [
            {
                "name": step.name,
                "children": list(step.children),
                "rules": list(step.rules),
                "chain": both(step.chain),
                "substituted": both(step.substituted),
                "sums": [both(each) for each in step.sums],
                "result": both(step.simplified),
                "from": [both(source) for source in step.sources],
            }
            for step in steps
        ],
        "warnings": list(system.warnings),
    }


def difference_text(changes: Sequence[Change], system: SystemData, *, ascii: bool = False) -> str:
    """Both derivations' lines: '  ' unchanged, '- ' the old and '+ ' the new one, and how many differ."""
    rows: list[str] = []
    for change in changes:
        if change.same and change.new is not None:
            rows.append(f"  {show_line(change.new, system, ascii=ascii)}")
            continue
        if change.old is not None:
            rows.append(f"- {show_line(change.old, system, ascii=ascii)}")
        if change.new is not None:
            rows.append(f"+ {show_line(change.new, system, ascii=ascii)}")
    changed = sum(not change.same for change in changes)
    rows.append(f"{changed} of {len(changes)} lines of the backward pass {'differs' if changed == 1 else 'differ'}")
    return "\n".join(rows)


def comparison_text(backward: Backward, comparison: Comparison, *, ascii: bool = False) -> str:
    """The expanded derivatives, then both counts and what is written more than once."""
    system = backward.system
    rows = ["as in calculus class"]
    rows += [f"  {show_line(line, system, ascii=ascii)}" for line in comparison.lines]
    rows.append("written more than once in these derivatives")
    for repeated in comparison.repeated:
        name = f", which is {spell(repeated.name, system, ascii=ascii)}" if repeated.name else ""
        rows.append(f"  {unicode.show(repeated.tree, ascii, symbols_of(system))}: {repeated.times} times{name}")
    if not comparison.repeated:
        rows.append("  nothing")
    if comparison.sizes:
        rows.append("operations, with " + ", ".join(f"{name} = {size}" for name, size in comparison.sizes.items()))
    else:
        rows.append("operations")
    rows.append(f"  expanded derivatives     {count_text(comparison.expanded)}")
    rows.append(f"  forward pass             {count_text(comparison.forward)}")
    rows.append(f"  backward pass            {count_text(comparison.backward)}")
    return "\n".join(rows)


def count_text(count: OperationCount) -> str:
    """12 (8 products and powers, 3 sums, 1 function)."""

    def plural(number: int, word: str) -> str:
        return f"{number} {word}{'' if number == 1 else 's'}"

    products = f"{count.products} products and powers" if count.products != 1 else "1 product or power"
    return f"{count.total:4d}  ({products}, {plural(count.sums, 'sum')}, {plural(count.functions, 'function')})"
