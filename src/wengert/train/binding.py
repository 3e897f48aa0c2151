"""Which column serves for which name of the equations: the grammar of --bind, and the arrays it yields.

    binding    = [ name "=" expression { "," name "=" expression } ]
    expression = column                              the column's numbers
               | "onehot" "(" column ")"             a row e_c for each example of class c
               | "int" "(" column ")"                whole numbers kept as integers, for use as an index
               | "float" "(" column ")"              float64 whatever the column's type
               | "[" column { "," column } "]"       the columns side by side, (n, d)
               | "columns" "(" "all" [ "except" column { "," column } ] ")"
    column     = characters other than , ( ) [ ] = " '   or any text in quotation marks

The left side is any name of the equations as text (x, w^(1), X_train). The module knows no equations and no file
format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from wengert.errors import DataError
from wengert.train.table import LIMIT_BYTES, Array, Table, listed, nearest

Classes: TypeAlias = tuple[int, ...] | tuple[str, ...]
"""The values of a one-hot column in ascending order; entry c of a row stands for classes[c]."""

_FORMS = {"onehot", "int", "float"}
_EXAMPLE = "Write, for example, --bind 'x=data,t=onehot(target)' or --bind 'x=[age, bmi]'."


@dataclass(frozen=True)
class Expression:
    """One right side: `form` is column, onehot, int, float, stack or except, over the columns named."""

    form: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Bound:
    """Arrays by equation name with equal first axes n; the classes of one-hot names; names left out because their
    column is missing.
    """

    arrays: dict[str, Array]
    classes: dict[str, Classes] = field(default_factory=dict[str, Classes])
    missing: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def n(self) -> int:
        """The number of examples."""
        return len(next(iter(self.arrays.values()))) if self.arrays else 0


def parse_binding(spec: str, canonical: Callable[[str], str] = str.strip) -> dict[str, Expression]:
    """The expressions by equation name, in the order written; `canonical` gives the one spelling of a name.

    Raises:
        DataError: text that is not of the grammar, or a name that is bound twice.
    """
    found: dict[str, Expression] = {}
    for part in _split(spec, spec):
        if not part.strip():
            if spec.strip():
                raise _unreadable("A binding is empty: two commas, or one at the end.", spec)
            continue
        name, equals, right = part.partition("=")
        name = canonical(name.strip()) if name.strip() else ""
        if not equals or not name or not right.strip():
            raise _unreadable(f"'{part.strip()}' is not of the form name=column.", spec)
        if name in found:
            raise _unreadable(f"The name '{name}' is bound twice.", spec)
        found[name] = _expression(right.strip(), spec)
    return found


def _unreadable(what: str, spec: str) -> DataError:
    return DataError(what, f"  --bind '{spec}'", _EXAMPLE)


def _split(text: str, spec: str) -> list[str]:
    """The text cut at commas outside of brackets and quotation marks."""
    parts, start, quote = [], 0, ""
    open_brackets: list[str] = []
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign in "([{":
            open_brackets.append(")]}"["([{".index(sign)])
        elif sign in ")]}":
            if not open_brackets or open_brackets.pop() != sign:
                raise _unreadable(f"The bracket '{sign}' closes none.", spec)
        elif sign == "," and not open_brackets:
            parts.append(text[start:place])
            start = place + 1
    if quote or open_brackets:
        raise _unreadable(f"A closing {quote or open_brackets[-1]} is missing.", spec)
    return [*parts, text[start:]]


def _expression(text: str, spec: str) -> Expression:
    if text.startswith("[") and text.endswith("]"):
        return Expression("stack", _columns(text[1:-1], spec))
    head, bracket, rest = text.partition("(")
    head = head.strip()
    if bracket and text[0] not in "\"'":
        if not rest.endswith(")"):
            raise _unreadable(f"'{text}' goes on after its closing bracket.", spec)
        inside = rest[:-1].strip()
        if head == "columns":
            return Expression("except", _exceptions(inside, spec))
        if head not in _FORMS:
            raise _unreadable(f"'{head}' is none of onehot, int, float and columns{nearest(head, _FORMS)}.", spec)
        columns = _columns(inside, spec)
        if len(columns) != 1:
            raise _unreadable(f"'{head}(…)' takes one column, not {len(columns)}.", spec)
        return Expression(head, columns)
    return Expression("column", _columns(text, spec))


def _exceptions(inside: str, spec: str) -> tuple[str, ...]:
    words = inside.split(None, 2)
    if words[:1] == ["all"]:
        if len(words) == 1:
            return ()
        if words[1].rstrip(":") == "except" and len(words) == 3:
            return _columns(words[2], spec)
    raise _unreadable(f"'columns({inside})' is not of the form 'columns(all except a, b)'.", spec)


def _columns(text: str, spec: str) -> tuple[str, ...]:
    names = []
    for part in _split(text, spec):
        part = part.strip()
        quoted = len(part) >= 2 and part[0] == part[-1] and part[0] in "\"'"
        name = part[1:-1] if quoted else part
        if not name or (not quoted and set(name) & set("()[]{}=\"'")):
            raise _unreadable(f"'{part}' is not the name of a column.", spec)
        names.append(name)
    return tuple(names)


def bind(
    spec: str,
    columns: Mapping[str, Array],
    names: Sequence[str] | None = None,
    *,
    classes: Mapping[str, Classes] | None = None,
    lenient: bool = False,
    canonical: Callable[[str], str] = str.strip,
) -> Bound:
    """The arrays that the equations ask for, from the columns of the data.

    `names` are the names that the equations have for data: one that `spec` does not bind is bound to the column of
    the same name. Numbers are float64 (float32 stays float32). `classes` are those of the training, so that a one-hot
    row means the same again. With `lenient` a name whose column is not in the data is left out and recorded in
    `missing`.

    Raises:
        DataError: a column that is missing or cannot be used, a name that is not in the equations or has no data,
            lengths that differ.
    """
    table = columns if isinstance(columns, Table) else Table("the data", dict(columns))
    expressions = parse_binding(spec, canonical)
    written = set(expressions)
    if names is not None:
        _refuse_unknown(expressions, names, spec)
        expressions |= {name: Expression("column", (name,)) for name in names if name not in expressions}
    bound = Bound({})
    for name, expression in expressions.items():
        absent = [column for column in expression.columns if column not in table]
        if absent and lenient:
            bound.missing[name] = absent[0]
        elif absent and name not in written:
            raise _no_data(name, table)
        else:
            bound.arrays[name] = _evaluate(name, expression, table, classes or {}, bound.classes)
    _refuse_lengths(bound.arrays, table)
    return bound


def _refuse_unknown(expressions: Iterable[str], names: Sequence[str], spec: str) -> None:
    for name in expressions:
        if name not in names:
            raise DataError(
                f"'{name}' is bound to data, but it is not a free quantity of the equations.",
                f"  --bind '{spec}'; free quantities: {listed(names)}",
                f"Write one of these names on the left{nearest(name, names)}.",
            )


def _no_data(name: str, table: Table) -> DataError:
    return DataError(
        f"The equations need '{name}', and no data is bound to it.",
        f"  {table.source} has {listed(table)}",
        f"Write --bind '{name}=COLUMN', name it as a parameter with --params, or give its value with --set.",
    )


def _refuse_lengths(arrays: Mapping[str, Array], table: Table) -> None:
    lengths = {name: values.shape[:1] for name, values in arrays.items()}
    for name, length in lengths.items():
        if not length or length == (0,):
            what = "is a single number" if not length else "has no rows"
            raise DataError(
                f"The data for '{name}' {what}; training needs an array with one row for each example.",
                f"  {table.source}",
                "Bind a column with rows.",
            )
    if len(set(lengths.values())) > 1:
        raise DataError(
            "The arrays have different numbers of examples.",
            "  " + ", ".join(f"{name}: {length[0]}" for name, length in lengths.items()),
            "Bind columns of one data set, with one row for each example.",
        )


def _evaluate(
    name: str, expression: Expression, table: Table, known: Mapping[str, Classes], found: dict[str, Classes]
) -> Array:
    columns = expression.columns
    if expression.form == "onehot":
        return _onehot(name, columns[0], table[columns[0]], known, found)
    if expression.form == "int":
        return _whole(columns[0], table[columns[0]]).astype(np.int64)
    if expression.form == "float":
        return _real(columns[0], table[columns[0]]).astype(np.float64)
    if expression.form == "column":
        return _real(columns[0], table[columns[0]])
    if expression.form == "except":
        left_out = {table.resolve(column) for column in columns}
        columns = tuple(column for column in table if column not in left_out and table.arrays[column].ndim == 1)
    if not columns:
        raise DataError(f"No column is left for '{name}'.", f"  {table.source} has {listed(table)}", _EXAMPLE)
    parts = [_real(column, table[column]) for column in columns]
    _refuse_lengths(dict(zip(columns, parts, strict=True)), table)
    return np.column_stack(parts)


def _real(column: str, values: Array) -> Array:
    """The column as float64, or float32 where it is that."""
    if values.dtype.kind not in "biuf":
        raise DataError(
            f"The column '{column}' holds text, for example '{values.flat[0]}', where numbers are needed.",
            f"  bound as {column}",
            f"Bind it as classes, 't=onehot({column})', or bind another column.",
        )
    return values if values.dtype == np.float32 else values.astype(np.float64)


def _whole(column: str, values: Array) -> Array:
    """The column, if each value is a whole number that float64 holds exactly."""
    real = _real(column, values).astype(np.float64)
    wrong = np.argwhere((real != np.round(real)) | (np.abs(real) > 2**53))
    if len(wrong):
        row = int(wrong[0][0])
        raise DataError(
            f"The column '{column}' holds {values[tuple(wrong[0])]:g}, which is not a whole number.",
            f"  {column}, row {row + 1}",
            f"Bind it as a number, 't={column}', or round it in the data.",
        )
    return real


def _onehot(name: str, column: str, values: Array, known: Mapping[str, Classes], found: dict[str, Classes]) -> Array:
    """Row e_c for an example of class c; the classes are the distinct values in ascending order."""
    if values.ndim != 1:
        raise DataError(
            f"'onehot({column})' needs one value for each example.", f"  {column}: shape {values.shape}", _EXAMPLE
        )
    values = values if values.dtype.kind == "U" else _whole(column, values).astype(np.int64)
    own: Classes = tuple(np.unique(values).tolist())
    classes = known.get(name, own)
    strange = sorted(set(own) - set(classes))
    if strange:
        raise DataError(
            f"The column '{column}' holds the class {strange[0]}, which the training data had not.",
            f"  {column}, row {int(np.flatnonzero(values == strange[0])[0]) + 1}; classes: {listed(map(str, classes))}",
            "Delete those rows, or train again with them.",
        )
    if len(values) * len(classes) * 8 > LIMIT_BYTES:
        raise DataError(
            f"'onehot({column})' would have {len(classes)} classes for {len(values)} examples.",
            f"  {column}: more than {LIMIT_BYTES >> 20} MiB",
            f"Bind it as an index, '{name}=int({column})', or bind another column.",
        )
    found[name] = classes
    order = np.asarray(classes)
    return (values[:, None] == order[None, :]).astype(np.float64)
