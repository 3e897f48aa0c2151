"""The left sides of a system and the order of its lines: each name once, each line after those it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wengert.errors import EquationError
from wengert.notes.notation.expr import Declaration, Expr, Index, Line, Ref, walk
from wengert.notes.notation.tokens import Source


def error_at(source: str, tree: Expr | Line | Declaration, what: str, repair: str, declare: str = "") -> EquationError:
    """The three lines of a mistake at a tree; `declare` is a line that mends it where it stands before that of the tree."""
    text = Source(source)
    return text.error(what, tree.span, repair, text.line_before(tree.span, declare) if declare else None)


def check_left_sides(lines: Sequence[Line], source: str) -> None:
    """Every left side is a quantity with different index letters, and none is defined twice.

    Raises EquationError.
    """
    seen: dict[str, Line] = {}
    for line in lines:
        left = line.left
        if not isinstance(left, Ref) or left.barred:
            raise error_at(
                source,
                line.left,
                "The left side of a forward equation must be a quantity.",
                "Write:  name = expression",
            )
        if left.name in seen:
            first = Source(source).quote(seen[left.name].span)
            raise error_at(
                source,
                left,
                f"'{left.name}' is defined twice in one system, the first time by '{first}'.",
                "Give one of the two another name.",
            )
        seen[left.name] = line
        letters = [index.letter for index in left.indices or () if isinstance(index, Index)]
        if len(letters) != len(left.indices or ()) or len(set(letters)) != len(letters):
            raise error_at(
                source, left, "The indices on a left side must be different letters.", "Write, for example:  y_ij = …"
            )


def order_lines(lines: Sequence[Line], source: str, loops: Sequence[Sequence[str]] = ()) -> list[Line]:
    """Lines in an order in which each reads only earlier ones; the order of the text where it already is.

    The lines of one of `loops`, which read each other's earlier steps, stay together in the order that is given.

    Raises EquationError where other lines read each other in a circle.
    """
    defined = {line.left.name: line for line in lines if isinstance(line.left, Ref)}
    whole = {name: loop[0] for loop in loops for name in loop}
    members = {name: [name] for name in defined if name not in whole} | {loop[0]: list(loop) for loop in loops}
    ordered: list[Line] = []
    state: dict[str, int] = {}
    for start in list(defined):
        stack: list[tuple[str, bool]] = [(whole.get(start, start), False)]
        path: list[str] = []
        while stack:
            name, leaving = stack.pop()
            if leaving:
                state[name] = 2
                path.pop()
                ordered.extend(defined[each] for each in members[name])
            elif state.get(name) == 1:
                raise cycle(defined, path, name, source)
            elif name not in state:
                state[name] = 1
                path.append(name)
                stack.append((name, True))
                rights = [right for each in members[name] for right in defined[each].rights]
                reads = [whole.get(t.name, t.name) for right in rights for t in walk(right) if isinstance(t, Ref)]
                inside = name if name in whole else ""
                stack.extend(
                    (read, False)
                    for read in reversed(dict.fromkeys(reads))
                    if read in defined and read != inside and state.get(read) != 2
                )
    return ordered


def cycle(defined: Mapping[str, Line], path: Sequence[str], name: str, source: str) -> EquationError:
    """The mistake of lines that read each other."""
    loop = [*path[path.index(name) :], name]
    return error_at(
        source,
        defined[name].left,
        f"These lines define each other in a circle: {' → '.join(loop)}.",
        "A quantity may only use earlier ones; give the new value a new name.",
    )
