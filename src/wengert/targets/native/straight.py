"""A small matrix product without loops: every sum in a register, the epilogue at once. It knows no nest."""

from __future__ import annotations

from wengert.targets.native.blocks import at
from wengert.targets.native.contraction import ContractionStage, ContractSpec, Epilogue, Operands, lanes_for, pieces
from wengert.targets.native.counted import Count
from wengert.targets.native.instructions import Value
from wengert.targets.native.memory import Memory
from wengert.targets.native.microkernel import broadcast_load, load_lanes, mask_of, multiply_add
from wengert.targets.native.processor import Processor

MOST_TERMS = 144
"""Multiply-adds of vectors that are written out; beyond that a loop is as fast and its code is made sooner."""


class StraightProduct:
    """The code of one small product."""

    workspace_bytes = 0

    def __init__(self, spec: ContractSpec) -> None:
        self.spec = spec

    @staticmethod
    def suits(spec: ContractSpec, target: Processor) -> bool:
        """Whether the product is small enough; columns that do not lie side by side are loaded entry by entry and count so."""
        vectors = pieces(spec.n, target.lanes(spec.dtype))
        loads = spec.k * (vectors if spec.b_column == 1 else spec.n)
        return spec.m * vectors * spec.k + loads <= MOST_TERMS

    @property
    def stages(self) -> tuple[ContractionStage, ...]:
        """All in one piece."""
        return (ContractionStage(1, self._all),)

    def _all(self, b: Memory, piece: Count, operands: Operands, epilogue: Epilogue) -> None:
        spec = self.spec
        native = b.target.lanes(spec.dtype)
        for start in range(0, spec.n, native):
            lanes = lanes_for(spec.n - start, native)
            self._columns(Memory(b.module, lanes, b.body), start, operands, epilogue)

    def _columns(self, b: Memory, start: int, operands: Operands, epilogue: Epilogue) -> None:
        """All rows of one vector of columns."""
        spec = self.spec
        valid = min(spec.n - start, b.width)
        vectors = [self._vector(b, operands.b, k, start, valid) for k in range(spec.k)]
        mask = mask_of(b.width, valid) if valid < b.width else None
        for row in range(spec.m):
            total = b.constant(0, spec.dtype)
            for k, vector in enumerate(vectors):
                place = at(b, operands.a, spec.dtype, row * spec.a_row + k * spec.a_inner)
                total = multiply_add(b, broadcast_load(b, place, spec.dtype), vector, total)
            epilogue(row, start, mask, total)

    def _vector(self, b: Memory, base: str, k: int, start: int, valid: int) -> Value:
        """b[k, start …], one vector."""
        spec = self.spec
        place = at(b, base, spec.dtype, k * spec.b_inner + start * spec.b_column)
        if spec.b_column == 1:
            return load_lanes(b, place, spec.dtype, valid)
        vector, scalar = b.constant(0, spec.dtype), Memory(b.module, 1, b.body)
        for lane in range(valid):
            entry = scalar.load(at(b, place, spec.dtype, lane * spec.b_column), spec.dtype)
            vector = b.insert(vector, entry, lane)
        return vector
