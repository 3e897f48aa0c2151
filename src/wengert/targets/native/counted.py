"""Whole numbers of LLVM code that may be known while it is written: their arithmetic, and loops and branches on them.

It knows no array and no kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from wengert.targets.native.instructions import Instructions, Value

Count = int | str
"""A number: known now, or the text of an i64."""


def number(count: Count) -> Value:
    """A count as a scalar value."""
    return Value(str(count), "int64", 1)


def plus(b: Instructions, x: Count, y: Count) -> Count:
    """x + y."""
    if isinstance(x, int) and isinstance(y, int):
        return x + y
    return x if y == 0 else y if x == 0 else b.pure(f"add nsw i64 {x}, {y}", "int64", 1).name


def minus(b: Instructions, x: Count, y: Count) -> Count:
    """x − y."""
    if isinstance(x, int) and isinstance(y, int):
        return x - y
    return x if y == 0 else b.pure(f"sub nsw i64 {x}, {y}", "int64", 1).name


def times(b: Instructions, x: Count, y: Count) -> Count:
    """x y."""
    if isinstance(x, int) and isinstance(y, int):
        return x * y
    return 0 if 0 in (x, y) else x if y == 1 else y if x == 1 else b.pure(f"mul nsw i64 {x}, {y}", "int64", 1).name


def least(b: Instructions, x: Count, y: Count) -> Count:
    """min(x, y)."""
    if isinstance(x, int) and isinstance(y, int):
        return min(x, y)
    return b.where(b.compare("slt", number(x), number(y)), number(x), number(y)).name


def divided(b: Instructions, x: Count, by: int) -> tuple[Count, Count]:
    """Quotient and remainder of x ≥ 0."""
    if isinstance(x, int):
        return divmod(x, by)
    if by == 1:
        return x, 0
    return b.pure(f"udiv i64 {x}, {by}", "int64", 1).name, b.pure(f"urem i64 {x}, {by}", "int64", 1).name


@contextmanager
def counted(b: Instructions, limit: Count, step: int = 1, start: Count = 0) -> Iterator[Count]:
    """A loop whose body is written inside the `with`: the index runs over start, start + step, … < limit.

    Where it is known that the loop runs once, the body stands there without a loop.
    """
    if isinstance(start, int) and isinstance(limit, int) and start < limit <= start + step:
        yield start
        return
    head, body, following, after = (b.label(name) for name in ("head", "body", "next", "after"))
    before, index, advanced = b.block, b.fresh("i"), b.fresh("i")
    b.jump(head)
    with b.scope():
        b.start_block(head)
        b.emit(f"{index} = phi i64 [ {start}, %{before} ], [ {advanced}, %{following} ]")
        b.branch(b.compare("slt", number(index), number(limit)), body, after)
        b.start_block(body)
        yield index
        b.jump(following)
        b.start_block(following)
        b.emit(f"{advanced} = add nsw i64 {index}, {step}")
        b.jump(head)
    b.start_block(after)


@contextmanager
def when_equal(b: Instructions, x: Count, y: int) -> Iterator[None]:
    """Code that runs where x = y."""
    if x == y:
        yield
        return
    then, after = b.label("then"), b.label("after")
    b.branch(b.compare("eq", number(x), number(y)), then, after)
    with b.scope():
        b.start_block(then)
        yield
        b.jump(after)
    b.start_block(after)
