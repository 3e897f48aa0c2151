"""Entries of buffers in lanes: loads, stores and gathers by the step of their index from lane to lane; functions of values.

It knows no loop, only the lanes of the one that is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wengert.errors import GraphError
from wengert.targets.native.builder import Builder
from wengert.targets.native.frame import OUT_OF_RANGE, Frame, is_embedded
from wengert.targets.native.instructions import Value, constant_of, literal
from wengert.targets.native.loops.nest import Affine, Buffer, Combine, Compute, Lookup, Position, Range, Store
from wengert.targets.native.loops.roots import identity
from wengert.targets.native.memory import BYTES

SHUFFLED = 4
"""The largest step at which neighbours are loaded and shuffled instead of gathered."""


def identity_of(combine: Combine, dtype: str, width: int) -> Value:
    """The value that a combination leaves the other side unchanged with."""
    return constant_of(identity(combine, dtype), dtype, width)


class EntryCode(Frame):
    """A function in the making that reads and writes entries of buffers."""

    # loads

    def load(
        self, buffer: Buffer, index: Affine, guards: tuple[Range, ...] = (), lookups: tuple[Lookup, ...] = ()
    ) -> Value:
        """An entry in every lane, or one for all lanes where its place is the same; 0 where a guard does not hold."""
        if buffer in self.registers:
            return self.state[buffer, int(self.index(index).name)]
        if buffer.entries == 0:
            return constant_of(0, buffer.dtype, 1)
        condition, mask = self.condition(guards), self.lane_mask(guards)
        varying = any(self.width(lookup.place) > 1 for lookup in lookups)
        if mask is None and not varying and self.step(index) == 0:
            return self._load_one(buffer, index, condition, lookups)
        assert self.lanes is not None
        mask = self.both(self.both(self.lanes.mask, mask), condition)
        mask = mask and self.wide.splat(mask)
        if varying or self.step(index) == 0:
            return self.wide.gather(self.pointers[buffer], buffer.dtype, self.places(index, lookups, mask), mask)
        first = self.one.add(self.index(index), self.looked_up(lookups, mask)) if lookups else self.index(index)
        return self._load_lanes(buffer, first, self.step(index), mask, self._alignment(buffer, index, lookups))

    def _load_one(self, buffer: Buffer, index: Affine, condition: Value | None, lookups: tuple[Lookup, ...]) -> Value:
        at = self.index(index)
        if lookups:
            at = self.one.add(at, self.looked_up(lookups, condition))
        if condition is not None:  # an entry that exists stands in for one that does not
            at = self.one.where(condition, at, self.number(0))
        loaded = self._read(self.one, buffer, self.address(buffer, at), BYTES[buffer.dtype])
        return loaded if condition is None else self.one.where(condition, loaded, constant_of(0, buffer.dtype, 1))

    def _read(self, b: Builder, buffer: Buffer, pointer: str, align: int, mask: Value | None = None) -> Value:
        """Entries that lie side by side; of memory that never changes, those that were read before."""

        def read() -> Value:
            if mask is None:
                return b.load(pointer, buffer.dtype, align)
            if self._is_full(mask) is None:
                return b.masked_load(pointer, buffer.dtype, mask, align)
            arms: list[tuple[Value, str]] = []
            for part in self._whole_or_not(mask):
                loaded = (
                    b.load(pointer, buffer.dtype, align)
                    if part is None
                    else b.masked_load(pointer, buffer.dtype, part, align)
                )
                arms.append((loaded, b.block))
            return b.phi(arms)

        if buffer not in self.still and (buffer.kind not in ("input", "constant") or buffer in self.unit.outputs):
            return read()
        return b.shared(("read", pointer, b.width, mask), read)

    def _is_full(self, mask: Value) -> Value | None:
        """Whether a mask holds in all lanes, if it is that of the loop and the loop knows."""
        return self.lanes.full if self.lanes is not None and mask is self.lanes.mask else None

    def _whole_or_not(self, mask: Value) -> Iterator[Value | None]:
        """Two ways: None, for code without a mask, where all lanes take part, and the mask. Processors do masked stores slowly."""
        full, b = self._is_full(mask), self.one
        assert full is not None
        labels = b.label("whole"), b.label("part"), b.label("on")
        b.branch(full, labels[0], labels[1])
        for label, way in zip(labels, (None, mask), strict=False):
            b.start_block(label)
            with b.scope():
                yield way
            b.jump(labels[2])
        b.start_block(labels[2])

    def address(self, buffer: Buffer, at: Value) -> str:
        """The pointer to an entry."""
        return self.one.element(self.pointers[buffer], buffer.dtype, at.name)

    def _load_lanes(self, buffer: Buffer, first: Value, step: int, mask: Value | None, align: int) -> Value:
        """Entries whose places go on by a step from lane to lane, lane 0 at `first`."""
        b, width = self.wide, self.wide.width
        if step == 1:
            return self._read(b, buffer, self.address(buffer, first), align, mask)
        if step == -1:
            pointer = self.address(buffer, self.one.add(first, self.number(1 - width)))
            if mask is None:
                return self._reversed(b.load(pointer, buffer.dtype))
            return self._reversed(b.masked_load(pointer, buffer.dtype, self._reversed(mask)))
        if mask is None and 1 < step <= SHUFFLED and buffer.dtype != "bool":
            return self._load_shuffled(buffer, first, step)
        offsets = self.lane_numbers(step, "int32" if abs(step) * width < 2**31 else "int64")
        return b.gather(self.address(buffer, first), buffer.dtype, offsets, mask)

    def _reversed(self, x: Value) -> Value:
        width = x.width
        lanes = ", ".join(f"i32 {width - 1 - k}" for k in range(width))
        text = f"shufflevector {x.text}, {x.type} poison, <{width} x i32> <{lanes}>"
        return self.wide.pure(text, x.dtype, width)

    def _load_shuffled(self, buffer: Buffer, first: Value, step: int) -> Value:
        """`step` loads side by side, the last one moved back so that it ends with the last entry wanted; then the entries picked."""
        b, width = self.wide, self.wide.width
        starts = [k * width for k in range(step - 1)] + [(step - 1) * (width - 1)]
        parts = [b.load(self.address(buffer, self.one.add(first, self.number(k))), buffer.dtype) for k in starts]
        result, taken = parts[0], 0
        for part, start in zip(parts, starts, strict=True):
            places = [k * step - start for k in range(width)]
            picked = [width + at if k >= taken and 0 <= at < width else k for k, at in enumerate(places)]
            if part is parts[0]:
                picked = [at if at < width else 0 for at in places]
            taken = sum(1 for at in places if at < width)
            lanes = ", ".join(f"i32 {lane}" for lane in picked)
            text = f"shufflevector {result.text}, {part.text}, <{width} x i32> <{lanes}>"
            result = b.pure(text, buffer.dtype, width)
        return result

    def _alignment(self, buffer: Buffer, index: Affine, lookups: tuple[Lookup, ...]) -> int:
        """The bytes that the address of lane 0 is a multiple of; arrays from outside are aligned to their entries only."""
        size = BYTES[buffer.dtype]
        ours = buffer.kind in ("temporary", "private") or (buffer.kind == "constant" and is_embedded(buffer))
        if not ours or self.lanes is None:
            return size
        align = 64
        steps = [coefficient for axis, coefficient in index.terms if axis is not self.lanes.axis]
        steps += [self.lanes.width, self.lanes.start, index.offset, *(lookup.coefficient for lookup in lookups)]
        for number in steps:
            while number * size % align:
                align //= 2
        return max(align, size)

    # places that depend on data

    def looked_up(self, lookups: tuple[Lookup, ...], mask: Value | None) -> Value:
        """Σ place · coefficient of places that are the same in every lane, each checked."""
        total = self.number(0)
        for lookup in lookups:
            place = self.value(lookup.place)
            self._check(place, lookup.size, mask)
            total = self.one.add(total, self.one.multiply(place, self.number(lookup.coefficient)))
        return total

    def places(self, index: Affine, lookups: tuple[Lookup, ...], mask: Value | None) -> Value:
        """The place in every lane."""
        b = self.wide
        total = b.add(b.splat(self.index(index)), self.lane_numbers(self.step(index), "int64"))
        for lookup in lookups:
            place = self.value(lookup.place, b.width)
            self._check(place, lookup.size, mask)
            total = b.add(total, b.multiply(place, constant_of(lookup.coefficient, "int64", b.width)))
        return total

    def _check(self, place: Value, size: int, mask: Value | None) -> None:
        """Leave with a status where a place is outside, in a lane that takes part."""
        b = self.builder(place.width)
        outside = b.compare("uge", place, constant_of(size, "int64", place.width))
        if mask is not None and place.width == mask.width:
            outside = b.logical_and(outside, mask)
        elif mask is not None and place.width == 1:
            outside = self.one.logical_and(outside, self.builder(mask.width).any(mask))
        elif mask is not None:
            outside = b.logical_and(outside, b.splat(mask))
        checked = b.mark()
        b.shared(("checked", outside.name), lambda: True)
        if b.mark() > checked:
            self.fail(b.any(outside), OUT_OF_RANGE)

    # stores

    def store(self, store: Store) -> None:
        """Write a value, in every lane that takes part, combined with what stands there if the store says so."""
        buffer, index = store.buffer, store.index
        if buffer in self.registers:
            cell = (buffer, int(self.index(index).name))
            value = self.value(store.value)
            self.state[cell] = value if store.combine is None else self.combine(store.combine, self.state[cell], value)
            return
        varying = any(self.width(lookup.place) > 1 for lookup in store.lookups)
        if self.lanes is None or self.lanes.width == 1 or (not varying and self.step(index) == 0):
            self._store_one(store)
        elif varying and store.combine is not None:
            self._store_lane_by_lane(store)
        else:
            self._store_lanes(store, varying)

    def _store_one(self, store: Store) -> None:
        at = self.index(store.index)
        if store.lookups:
            at = self.one.add(at, self.looked_up(store.lookups, None))
        pointer = self.address(store.buffer, at)
        if self.width(store.value) > 1:
            value = self._over_lanes(store)
        else:
            value = self.value(store.value)
        if store.combine is not None:
            value = self.combine(store.combine, self.one.load(pointer, value.dtype), value)
        self.one.store(value, pointer)

    def _over_lanes(self, store: Store) -> Value:
        """The values of all lanes combined, where they go to one entry."""
        assert self.lanes is not None
        if store.combine is None:
            raise GraphError(
                f"A vector loop writes different values to one entry of '{store.buffer.name}'.",
                f"  the index {store.index} does not depend on the axis {self.lanes.axis!r}",
                "Combine them, or make the loop serial.",
            )
        value = self.value(store.value, self.lanes.width)
        return self.over_lanes(store.combine, self.masked(store.combine, value))

    def _store_lanes(self, store: Store, varying: bool) -> None:
        b, buffer, step = self.wide, store.buffer, self.step(store.index)
        assert self.lanes is not None
        mask = self.lanes.mask
        value = self.value(store.value, b.width)
        if varying or abs(step) != 1:
            places = self.places(store.index, store.lookups, mask)
            if store.combine is not None:
                before = b.gather(self.pointers[buffer], buffer.dtype, places, mask)
                value = self.combine(store.combine, before, value)
            b.scatter(value, self.pointers[buffer], places, mask)
            return
        first = self.index(store.index)
        if store.lookups:
            first = self.one.add(first, self.looked_up(store.lookups, mask))
        align = self._alignment(buffer, store.index, store.lookups)
        if store.combine is not None:
            value = self.combine(store.combine, self._load_lanes(buffer, first, step, mask, align), value)
        if step == -1:
            first, value, align = (
                self.one.add(first, self.number(1 - b.width)),
                self._reversed(value),
                BYTES[buffer.dtype],
            )
            mask = mask and self._reversed(mask)
        pointer = self.address(buffer, first)
        ways = [mask] if mask is None or self._is_full(mask) is None else self._whole_or_not(mask)
        for way in ways:
            if way is None:
                b.store(value, pointer, align)
            else:
                b.masked_store(value, pointer, way, align)

    def _store_lane_by_lane(self, store: Store) -> None:
        """A scatter that combines: lanes may meet at one place, so each goes after the one before it."""
        assert self.lanes is not None
        assert store.combine is not None
        b, mask = self.wide, self.lanes.mask
        places, values = self.places(store.index, store.lookups, mask), self.value(store.value, b.width)
        for lane in range(b.width):
            at, value = b.extract(places, lane), b.extract(values, lane)
            held = None if mask is None else b.extract(mask, lane)
            if held is not None:  # a lane that takes no part writes entry 0, which exists, as it is
                at = self.one.where(held, at, self.number(0))
            pointer = self.address(store.buffer, at)
            before = self.one.load(pointer, value.dtype)
            after = self.combine(store.combine, before, value)
            self.one.store(after if held is None else self.one.where(held, after, before), pointer)

    # functions

    def combine(self, combine: Combine, x: Value, y: Value) -> Value:
        """x and y combined; of truth values, a sum is `or` and a product is `and`."""
        b = self.builder(x.width)
        if x.dtype == "bool":
            return b.logical_or(x, y) if combine in ("add", "maximum") else b.logical_and(x, y)
        return getattr(b, combine)(x, y)

    def masked(self, combine: Combine, value: Value) -> Value:
        """A value, with the identity in the lanes that take no part."""
        if self.lanes is None or self.lanes.mask is None or value.width == 1:
            return value
        return self.wide.where(self.lanes.mask, value, identity_of(combine, value.dtype, value.width))

    def over_lanes(self, combine: Combine, value: Value) -> Value:
        """The lanes combined, halves with halves."""
        b = self.builder(value.width)
        while value.width > 1:
            half = value.width // 2
            value = self.combine(combine, b.part(value, 0, half), b.part(value, half, half))
        return value

    def position(self, position: Position) -> Value:
        """An affine index as a number."""
        if self.step(position.index) == 0:
            return self._number_as(self.index(position.index), position.dtype)
        return self.wide.cast(self.spread(position.index), position.dtype)

    def _number_as(self, x: Value, dtype: str) -> Value:
        return Value(literal(int(x.name), dtype), dtype, 1) if x.is_constant else self.one.cast(x, dtype)

    def compute(self, compute: Compute) -> Value:
        """A function of values; where all inputs are the same in every lane, so is the result, computed once."""
        width = max((self.width(x) for x in compute.inputs), default=1)
        inputs = [self.value(x, width) for x in compute.inputs]
        b: Any = self.builder(width)
        if compute.function == "cast":
            return b.cast(inputs[0], compute.dtype)
        if compute.function == "stop_gradient":
            return inputs[0]
        if inputs[0].dtype == "bool" and compute.function in ("add", "multiply", "maximum", "minimum"):
            combine: Any = compute.function
            return self.combine(combine, *inputs)
        if compute.function == "logaddexp" and (zero := [k for k, x in enumerate(inputs) if x == b.like(0, x)]):
            return b.softplus(inputs[1 - zero[0]])
        if compute.exponent is not None:
            return b.integer_power(inputs[0], compute.exponent)
        return getattr(b, compute.function)(*inputs)
