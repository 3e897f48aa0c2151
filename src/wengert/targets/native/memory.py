"""Lanes and memory: loads, stores, masks, gathers, and reductions over the lanes in a fixed order. It knows no array and no index map."""

from __future__ import annotations

from collections.abc import Callable

from wengert.targets.native.floating import Floating
from wengert.targets.native.loops import buffers
from wengert.targets.native.values import ELEMENTS, Value, constant_of, suffix_of, type_of

BYTES = {**buffers.BYTES, "int32": 4}


class Memory(Floating):
    """A builder that also reads and writes memory. A truth value takes a byte there; pointers are LLVM text, as "%p3"."""

    def element(self, pointer: str, dtype: str, index: str) -> str:
        """The pointer to an entry of an array, by its index (text of an i64)."""
        return self.pointer(f"getelementptr {'i8' if dtype == 'bool' else ELEMENTS[dtype]}, ptr {pointer}, i64 {index}")

    def pointer(self, text: str) -> str:
        """The name of the pointer that a pure instruction gives."""
        found = self.body.table.get(text)
        if found is None:
            found = self.body.table[text] = self.fresh("p")
            self.emit(f"{found} = {text}")
        return found

    def load(self, pointer: str, dtype: str, align: int | None = None) -> Value:
        """`width` entries that lie side by side."""
        align = align or BYTES[dtype]
        if dtype == "bool":
            byte = "i8" if self.width == 1 else f"<{self.width} x i8>"
            return self._truth(self._raw(f"load {byte}, ptr {pointer}, align {align}"), byte)
        return self.effect(f"load {type_of(dtype, self.width)}, ptr {pointer}, align {align}", dtype, self.width)

    def store(self, x: Value, pointer: str, align: int | None = None) -> None:
        """Write the entries side by side."""
        text, align = self._stored(x), align or BYTES[x.dtype]
        self.emit(f"store {text}, ptr {pointer}, align {align}")

    def _raw(self, text: str) -> str:
        name = self.fresh()
        self.emit(f"{name} = {text}")
        return name

    def _truth(self, name: str, byte: str) -> Value:
        width = self.width
        return self.pure(f"icmp ne {byte} {name}, {'0' if width == 1 else 'zeroinitializer'}", "bool", width)

    def _stored(self, x: Value) -> str:
        """The operand that goes to memory: a truth value as a byte."""
        if x.dtype != "bool":
            return x.text
        byte = "i8" if x.width == 1 else f"<{x.width} x i8>"
        wide = self.pure(f"zext {x.text} to {byte}", "int8", x.width)
        return f"{byte} {wide.name}"

    # masks

    def first_lanes(self, count: str) -> Value:
        """The mask of the lanes below a count (text of an i64)."""
        scalar = Value(count, "int64", 1)
        return self.compare("slt", self.iota("int64"), self.splat(scalar))

    def masked_load(self, pointer: str, dtype: str, mask: Value, align: int | None = None) -> Value:
        """The entries where the mask holds, and 0 elsewhere; memory is not read there."""
        align = align or BYTES[dtype]
        if self.width == 1:
            return self._guarded_load(pointer, dtype, mask)
        kind, suffix = self._in_memory(dtype)
        called = self.module.declare(f"declare {kind} @llvm.masked.load.{suffix}.p0(ptr, i32, {mask.type}, {kind})")
        call = f"call {kind} {called}(ptr {pointer}, i32 {align}, {mask.text}, {kind} zeroinitializer)"
        return self._truth(self._raw(call), kind) if dtype == "bool" else self.effect(call, dtype, self.width)

    def masked_store(self, x: Value, pointer: str, mask: Value, align: int | None = None) -> None:
        """Write the entries where the mask holds; memory is not touched elsewhere."""
        align = align or BYTES[x.dtype]
        if x.width == 1:
            self._guarded(mask, lambda: self.store(x, pointer, align))
            return
        kind, suffix = self._in_memory(x.dtype)
        called = self.module.declare(f"declare void @llvm.masked.store.{suffix}.p0({kind}, ptr, i32, {mask.type})")
        self.emit(f"call void {called}({self._stored(x)}, ptr {pointer}, i32 {align}, {mask.text})")

    def gather(self, pointer: str, dtype: str, offsets: Value, mask: Value | None = None) -> Value:
        """The entries at int64 offsets, counted in entries; 0 where a mask does not hold."""
        width = offsets.width
        mask = mask or constant_of(True, "bool", width)
        if width == 1:
            return self._guarded_load(self.element(pointer, dtype, offsets.name), dtype, mask)
        kind, suffix = self._in_memory(dtype)
        pointers = f"<{width} x ptr>"
        called = self.module.declare(
            f"declare {kind} @llvm.masked.gather.{suffix}.v{width}p0({pointers}, i32, {mask.type}, {kind})"
        )
        places = self._places(pointer, dtype, offsets)
        call = f"call {kind} {called}({pointers} {places}, i32 {BYTES[dtype]}, {mask.text}, {kind} zeroinitializer)"
        return self._truth(self._raw(call), kind) if dtype == "bool" else self.effect(call, dtype, width)

    def scatter(self, x: Value, pointer: str, offsets: Value, mask: Value | None = None) -> None:
        """Write the entries to int64 offsets, where a mask holds; of equal offsets the highest lane stays."""
        width = x.width
        mask = mask or constant_of(True, "bool", width)
        if width == 1:
            self._guarded(mask, lambda: self.store(x, self.element(pointer, x.dtype, offsets.name)))
            return
        kind, suffix = self._in_memory(x.dtype)
        pointers = f"<{width} x ptr>"
        called = self.module.declare(
            f"declare void @llvm.masked.scatter.{suffix}.v{width}p0({kind}, {pointers}, i32, {mask.type})"
        )
        places = self._places(pointer, x.dtype, offsets)
        self.emit(f"call void {called}({self._stored(x)}, {pointers} {places}, i32 {BYTES[x.dtype]}, {mask.text})")

    def _places(self, pointer: str, dtype: str, offsets: Value) -> str:
        element = "i8" if dtype == "bool" else ELEMENTS[dtype]
        return self.pointer(f"getelementptr {element}, ptr {pointer}, {offsets.text}")

    def _in_memory(self, dtype: str) -> tuple[str, str]:
        """The type in memory and its suffix."""
        if dtype == "bool":
            return f"<{self.width} x i8>", f"v{self.width}i8"
        return type_of(dtype, self.width), suffix_of(dtype, self.width)

    def _guarded(self, mask: Value, write: Callable[[], None]) -> None:
        """A scalar write in a block of its own."""
        if mask.name == "true":
            write()
            return
        then, after = self.label("then"), self.label("after")
        self.branch(mask, then, after)
        with self.scope():
            self.start_block(then)
            write()
            self.jump(after)
        self.start_block(after)

    def _guarded_load(self, pointer: str, dtype: str, mask: Value) -> Value:
        if mask.name == "true":
            return self.load(pointer, dtype)
        before = self.block
        then, after = self.label("then"), self.label("after")
        self.branch(mask, then, after)
        with self.scope():
            self.start_block(then)
            loaded = self.load(pointer, dtype)
            self.jump(after)
        self.start_block(after)
        return self.phi([(loaded, then), (constant_of(0, dtype, 1), before)])

    # blocks

    def phi(self, incoming: list[tuple[Value, str]]) -> Value:
        """The value that comes from the block control came from."""
        x = incoming[0][0]
        arms = ", ".join(f"[ {value.name}, %{label} ]" for value, label in incoming)
        return self.effect(f"phi {x.type} {arms}", x.dtype, x.width)

    def unless(self, usual: Value, x: Value, other: Callable[[], Value]) -> Value:
        """x where a scalar condition holds, as it usually does; else the other value, written behind a branch."""
        before, rare, after = self.block, self.label("rare"), self.label("usual")
        self.branch(usual, after, rare)
        self.start_block(rare)
        with self.scope():
            changed, end = other(), self.block
        self.jump(after)
        self.start_block(after)
        return self.phi([(x, before), (changed, end)])

    def any(self, mask: Value) -> Value:
        """Whether the mask holds in a lane."""
        if mask.width == 1:
            return mask
        return self.intrinsic(f"llvm.vector.reduce.or.v{mask.width}i1", ("bool", 1), mask)

    # reductions over the lanes

    def reduce_add(self, x: Value) -> Value:
        """The sum over the lanes, halves added to halves."""
        return self._halved(x, self.add)

    def _halved(self, x: Value, combine: Callable[[Value, Value], Value]) -> Value:
        """The lanes k and k + width/2 combined until one is left: the same order on every machine."""
        while x.width > 1:
            half = x.width // 2
            assert 2 * half == x.width, x
            x = combine(self.part(x, 0, half), self.part(x, half, half))
        return x

    def part(self, x: Value, start: int, count: int) -> Value:
        """`count` lanes from lane `start` on."""
        if count == 1:
            return self.extract(x, start)
        lanes = ", ".join(f"i32 {start + k}" for k in range(count))
        mask = f"<{count} x i32> <{lanes}>"
        return self.pure(f"shufflevector {x.text}, {x.type} poison, {mask}", x.dtype, count)
