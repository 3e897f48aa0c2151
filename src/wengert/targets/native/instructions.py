"""Straight-line LLVM code over lanes: hash-consing, blocks, arithmetic, comparison, choice and casts. It knows no mathematical function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from wengert.targets.native.module import Module
from wengert.targets.native.values import (
    ELEMENTS,
    MANTISSA,
    SUFFIXES,
    Value,
    constant_of,
    literal,
    suffix_of,
    type_of,
)

__all__ = [
    "ELEMENTS",
    "SUFFIXES",
    "CodeBody",
    "Instructions",
    "Value",
    "constant_of",
    "literal",
    "suffix_of",
    "type_of",
]

Result = TypeVar("Result")


class CodeBody:
    """The lines of one function in the making, shared by builders of several widths: its names, its table and its current block."""

    def __init__(self, block: str = "entry") -> None:
        self.lines: list[str] = []
        self.table: dict[Any, Any] = {}
        self.count = 0
        self.block = block


class Instructions:
    """A builder of straight-line code; a pure instruction that stands in the table already is not written again."""

    def __init__(self, module: Module, width: int, body: CodeBody | None = None) -> None:
        self.module = module
        self.target = module.target
        self.width = width
        self.body = body or CodeBody()

    # the function in the making

    @property
    def lines(self) -> list[str]:
        """The lines so far."""
        return self.body.lines

    @property
    def block(self) -> str:
        """The label of the block that is being written, for the phis that follow."""
        return self.body.block

    def fresh(self, prefix: str = "v") -> str:
        """A local name (with its %) that nothing else in the function has."""
        self.body.count += 1
        return f"%{prefix}.{self.body.count}"

    def label(self, prefix: str) -> str:
        """A label that nothing else in the function has."""
        return self.fresh(prefix)[1:]

    def emit(self, line: str) -> None:
        """Write an instruction as it stands."""
        self.body.lines.append("  " + line)

    def start_block(self, label: str) -> None:
        """Begin a block; the one before must have ended with a branch."""
        self.body.lines.append(label + ":")
        self.body.block = label

    def jump(self, label: str) -> None:
        """Branch to a block."""
        self.emit(f"br label %{label}")

    def branch(self, condition: Value, then: str, other: str) -> None:
        """Branch to one of two blocks."""
        self.emit(f"br i1 {condition.name}, label %{then}, label %{other}")

    def mark(self) -> int:
        """The place in the table, for `forget`."""
        return len(self.body.table)

    def forget(self, mark: int) -> None:
        """Drop what entered the table since the mark: it was written in blocks that do not dominate what follows."""
        table = self.body.table
        while len(table) > mark:
            table.popitem()

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Values written inside are not reused after it."""
        mark = self.mark()
        try:
            yield
        finally:
            self.forget(mark)

    def pure(self, text: str, dtype: str, width: int) -> Value:
        """The value of an instruction without effect, written once."""
        found = self.body.table.get(text)
        if found is None:
            found = self.body.table[text] = Value(self.fresh(), dtype, width)
            self.emit(f"{found.name} = {text}")
        return found

    def effect(self, text: str, dtype: str, width: int) -> Value:
        """The value of an instruction that reads or changes memory or is a phi: written each time."""
        value = Value(self.fresh(), dtype, width)
        self.emit(f"{value.name} = {text}")
        return value

    def shared(self, key: tuple[Any, ...], make: Callable[[], Result]) -> Result:
        """What `make` gives, made once in the scope: several values of one computation, as the range reduction of sin and cos."""
        if key not in self.body.table:
            made = make()
            self.body.table[key] = made
        return self.body.table[key]

    def intrinsic(self, name: str, result: tuple[str, int], *arguments: Value, extra: str = "") -> Value:
        """A call of an LLVM intrinsic, named in full, that has no effect."""
        kind = type_of(*result)
        operands = ", ".join([x.text for x in arguments])
        text = f"call {kind} @{name}({operands}{extra})"
        if text not in self.body.table:
            types = ", ".join([x.type for x in arguments])
            self.module.declare(f"declare {kind} @{name}({types}{', i1' if extra else ''})")
        return self.pure(text, *result)

    def _same(self, name: str, *arguments: Value, extra: str = "") -> Value:
        _, dtype, width = arguments[0]
        return self.intrinsic(f"llvm.{name}.{suffix_of(dtype, width)}", (dtype, width), *arguments, extra=extra)

    # constants

    def constant(self, number: Any, dtype: str) -> Value:
        """A number in every lane."""
        return constant_of(number, dtype, self.width)

    def like(self, number: Any, x: Value) -> Value:
        """A number with the dtype and width of x."""
        return constant_of(number, x.dtype, x.width)

    def iota(self, dtype: str) -> Value:
        """0, 1, …, width − 1."""
        if self.width == 1:
            return self.constant(0, dtype)
        entries = ", ".join(f"{ELEMENTS[dtype]} {literal(k, dtype)}" for k in range(self.width))
        return Value(f"<{entries}>", dtype, self.width)

    def splat(self, x: Value) -> Value:
        """A scalar in every lane."""
        if self.width == 1 or x.width == self.width:
            return x
        assert x.width == 1, x
        if x.is_constant:
            return Value(f"splat ({x.text})", x.dtype, self.width)
        wide = type_of(x.dtype, self.width)
        first = self.pure(f"insertelement {wide} poison, {x.text}, i64 0", x.dtype, self.width)
        zeros = f"<{self.width} x i32> zeroinitializer"
        return self.pure(f"shufflevector {wide} {first.name}, {wide} poison, {zeros}", x.dtype, self.width)

    def extract(self, x: Value, lane: int) -> Value:
        """One lane as a scalar."""
        return x if x.width == 1 else self.pure(f"extractelement {x.text}, i64 {lane}", x.dtype, 1)

    def insert(self, x: Value, scalar: Value, lane: int) -> Value:
        """x with a scalar in one lane."""
        if x.width == 1:
            return scalar
        return self.pure(f"insertelement {x.text}, {scalar.text}, i64 {lane}", x.dtype, x.width)

    # arithmetic

    def binary(self, instruction: str, x: Value, y: Value) -> Value:
        """An LLVM instruction on two values of one type."""
        assert x[1:] == y[1:], (instruction, x, y)
        return self.pure(f"{instruction} {x.type} {x.name}, {y.name}", x.dtype, x.width)

    def add(self, x: Value, y: Value) -> Value:
        """x + y; integers wrap around, and truth values have `or`."""
        return self.binary("fadd" if x.is_float else "or" if x.dtype == "bool" else "add", x, y)

    def subtract(self, x: Value, y: Value) -> Value:
        """x − y; integers wrap around."""
        return self.binary("fsub" if x.is_float else "sub", x, y)

    def multiply(self, x: Value, y: Value) -> Value:
        """x y; integers wrap around, and truth values have `and`."""
        return self.binary("fmul" if x.is_float else "and" if x.dtype == "bool" else "mul", x, y)

    def divide(self, x: Value, y: Value) -> Value:
        """x / y of floats."""
        return self.binary("fdiv", x, y)

    def negative(self, x: Value) -> Value:
        """−x."""
        if x.is_float:
            return self.pure(f"fneg {x.text}", x.dtype, x.width)
        return self.subtract(self.like(0, x), x)

    def reciprocal(self, x: Value) -> Value:
        """1 / x."""
        return self.divide(self.like(1, x), x)

    def fma(self, x: Value, y: Value, z: Value) -> Value:
        """x y + z: rounded once where the target can, else twice (LLVM would call libm)."""
        if self.target.fma:
            return self._same("fma", x, y, z)
        return self.add(self.multiply(x, y), z)

    def sqrt(self, x: Value) -> Value:
        """√x, correctly rounded."""
        return self._same("sqrt", x)

    def abs(self, x: Value) -> Value:
        """|x|; the smallest integer stays itself."""
        return self._same("fabs", x) if x.is_float else self._same("abs", x, extra=", i1 false")

    def floor(self, x: Value) -> Value:
        """The largest whole number that is not above x."""
        return self._same("floor", x) if x.is_float else x

    def round(self, x: Value) -> Value:
        """The nearest whole number; a half goes to the even one."""
        return self._same("rint", x) if x.is_float else x

    def copysign(self, x: Value, sign: Value) -> Value:
        """|x| with the sign bit of `sign`."""
        return self._same("copysign", x, sign)

    def sign(self, x: Value) -> Value:
        """−1, 0 or 1; of NaN, NaN."""
        zero, one = self.like(0, x), self.like(1, x)
        rest = self.where(self.equal(x, zero), zero, x) if x.is_float else zero
        return self.where(self.greater(x, zero), one, self.where(self.less(x, zero), self.like(-1, x), rest))

    def maximum(self, x: Value, y: Value) -> Value:
        """The larger; NaN where either is NaN."""
        return self._extreme(x, y, "ogt" if x.is_float else "sgt")

    def minimum(self, x: Value, y: Value) -> Value:
        """The smaller; NaN where either is NaN."""
        return self._extreme(x, y, "olt" if x.is_float else "slt")

    def _extreme(self, x: Value, y: Value, predicate: str) -> Value:
        if x.dtype == "bool":
            return self.binary("or" if predicate == "sgt" else "and", x, y)
        if y.is_constant and not x.is_constant:
            x, y = y, x
        # Where y is NaN the comparison is false and y is taken; only an x that may be NaN needs a second look.
        chosen = self.where(self.compare(predicate, x, y), x, y)
        if not x.is_float or self._is_number(x):
            return chosen
        return self.where(self.compare("uno", x, x), x, chosen)

    def _is_number(self, x: Value) -> bool:
        return x.is_constant and "0x7FF8" not in x.name

    # comparison and choice

    def compare(self, predicate: str, x: Value, y: Value) -> Value:
        """fcmp or icmp, by the dtype."""
        assert x[1:] == y[1:], (predicate, x, y)
        instruction = "fcmp" if x.is_float else "icmp"
        return self.pure(f"{instruction} {predicate} {x.type} {x.name}, {y.name}", "bool", x.width)

    def _ordered(self, predicate: str, x: Value, y: Value) -> Value:
        kind = "o" if x.is_float else ("u" if x.dtype == "bool" else "s")
        return self.compare(kind + predicate, x, y)

    def less(self, x: Value, y: Value) -> Value:
        """x < y; false where either is NaN."""
        return self._ordered("lt", x, y)

    def less_equal(self, x: Value, y: Value) -> Value:
        """x ≤ y; false where either is NaN."""
        return self._ordered("le", x, y)

    def greater(self, x: Value, y: Value) -> Value:
        """x > y; false where either is NaN."""
        return self._ordered("gt", x, y)

    def greater_equal(self, x: Value, y: Value) -> Value:
        """x ≥ y; false where either is NaN."""
        return self._ordered("ge", x, y)

    def equal(self, x: Value, y: Value) -> Value:
        """x = y; false where either is NaN."""
        return self.compare("oeq" if x.is_float else "eq", x, y)

    def not_equal(self, x: Value, y: Value) -> Value:
        """x ≠ y; true where either is NaN."""
        return self.compare("une" if x.is_float else "ne", x, y)

    def is_nan(self, x: Value) -> Value:
        """Whether x is not a number."""
        return self.compare("uno", x, x)

    def logical_and(self, x: Value, y: Value) -> Value:
        """Whether both hold."""
        return self.binary("and", x, y)

    def logical_or(self, x: Value, y: Value) -> Value:
        """Whether one or both hold."""
        return self.binary("or", x, y)

    def logical_not(self, x: Value) -> Value:
        """Whether x does not hold."""
        return self.binary("xor", x, self.like(True, x))

    def where(self, condition: Value, x: Value, y: Value) -> Value:
        """x where the condition holds, else y."""
        assert x[1:] == y[1:], (x, y)
        assert condition.dtype == "bool", condition
        if x.name == y.name:
            return x
        return self.pure(f"select {condition.text}, {x.text}, {y.text}", x.dtype, x.width)

    # casts

    def cast(self, x: Value, dtype: str) -> Value:
        """The same number in another dtype; a float outside int64, and NaN, gives the smallest integer, as NumPy on x86."""
        if x.dtype == dtype:
            return x
        if dtype == "bool":
            return self.not_equal(x, self.like(0, x))
        if x.dtype == "bool":
            return self.where(x, constant_of(1, dtype, x.width), constant_of(0, dtype, x.width))
        if x.is_float and dtype in MANTISSA:
            return self.converted("fpext" if dtype == "float64" else "fptrunc", x, dtype)
        if x.is_float:
            return self._truncated(x, dtype)
        if dtype in MANTISSA:
            return self.converted("sitofp", x, dtype)
        return self.converted("sext" if dtype == "int64" else "trunc", x, dtype)

    def wrap(self, x: Value, bits: int, signed: bool) -> Value:
        """The number of so many bits that has the last bits of x."""
        if not signed:
            return self.binary("and", x, self.like(2**bits - 1, x))
        rest = self.like(64 - bits, x)
        return self.binary("ashr", self.binary("shl", x, rest), rest)

    def wrap_int8(self, x: Value) -> Value:
        """x as an int8."""
        return self.wrap(x, 8, True)

    def wrap_int16(self, x: Value) -> Value:
        """x as an int16."""
        return self.wrap(x, 16, True)

    def wrap_int32(self, x: Value) -> Value:
        """x as an int32."""
        return self.wrap(x, 32, True)

    def wrap_uint8(self, x: Value) -> Value:
        """x as an uint8."""
        return self.wrap(x, 8, False)

    def wrap_uint16(self, x: Value) -> Value:
        """x as an uint16."""
        return self.wrap(x, 16, False)

    def wrap_uint32(self, x: Value) -> Value:
        """x as an uint32."""
        return self.wrap(x, 32, False)

    def converted(self, instruction: str, x: Value, dtype: str) -> Value:
        """An LLVM conversion, as fpext or bitcast."""
        return self.pure(f"{instruction} {x.text} to {type_of(dtype, x.width)}", dtype, x.width)

    def _truncated(self, x: Value, dtype: str) -> Value:
        # Outside the range fptosi is poison, so its operand is made harmless there first.
        bits = 63 if dtype == "int64" else 31
        inside = self.logical_and(
            self.greater_equal(x, self.like(-(2.0**bits), x)), self.less(x, self.like(2.0**bits, x))
        )
        whole = self.converted("fptosi", self.where(inside, x, self.like(0, x)), dtype)
        return self.where(inside, whole, constant_of(-(2**bits), dtype, x.width))
