"""The memory that a program's kernels share: named buffers, constants once for all, tapes. It knows no kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wengert.core.ir.graph import Node
from wengert.core.ir.types import ArrayType, TapeType
from wengert.targets.native.loops.forms import entries_of, numbers
from wengert.targets.native.loops.nest import Buffer, RecordTape
from wengert.targets.native.loops.pull import Place


@dataclass
class NestMemory:
    """Buffers of one program."""

    count: int = 0
    constants: dict[tuple[str, tuple[int, ...], bytes], Buffer] = field(
        default_factory=dict[tuple[str, tuple[int, ...], bytes], Buffer]
    )
    tapes: dict[Node, RecordTape] = field(default_factory=dict[Node, RecordTape])
    """The tape that a node of tape type is."""

    def buffer(self, dtype: str, shape: Sequence[Any], name: str = "t") -> Buffer:
        """New memory."""
        self.count += 1
        return Buffer(f"{name}{self.count}", dtype, numbers(shape))

    def place(self, type: ArrayType, name: str = "t") -> Place:
        """New memory for an array of a type."""
        return Place(self.buffer(type.dtype, type.shape, name))

    def tape(self, type: ArrayType) -> RecordTape:
        """A new tape."""
        assert isinstance(type, TapeType)
        self.count += 1
        return RecordTape(f"tape{self.count}", type.item.dtype, entries_of(type.item.shape))

    def constant(self, node: Node) -> Place:
        """Memory that holds a leaf that depends on no input."""
        params, type = node.params, node.type
        if node.op.leaf == "position":
            value = np.arange(params["size"], dtype=type.dtype)
        elif node.op.leaf == "size":
            value = np.asarray(params["size"], dtype=type.dtype)
        else:
            number = params["value"]
            array = number if hasattr(number, "shape") or isinstance(number, bool | int) else float(number)
            value = np.asarray(array, dtype=type.dtype)
            value = np.ascontiguousarray(np.broadcast_to(value, numbers(type.shape)))
        key = (type.dtype, value.shape, value.tobytes())
        if key not in self.constants:
            self.count += 1
            self.constants[key] = Buffer(f"k{self.count}", type.dtype, value.shape, "constant", value)
        return Place(self.constants[key])
