"""The calls of functions of whole matrices, whose text is put into the module once each."""

from __future__ import annotations

from wengert.targets.native.decompositions_ir import DecompositionCode
from wengert.targets.native.factors_ir import RoutineCode
from wengert.targets.native.fourier_ir import FourierCode
from wengert.targets.native.frame import OUT_OF_RANGE
from wengert.targets.native.instructions import constant_of
from wengert.targets.native.loops.decompositions import PARTS
from wengert.targets.native.loops.forms import TRANSFORMS
from wengert.targets.native.loops.nest import Routine
from wengert.targets.native.products_ir import Products


class Routines(Products):
    """A function in the making that calls routines."""

    def routine(self, routine: Routine) -> None:
        """The call of a routine; its text is put into the module once."""
        self._outside_lanes(routine)
        module = self.unit.module
        code = _kind(routine.name)(module, routine)
        called = module.define_once(code.name, code.text)
        places = [self.address(buffer, self.index(index)) for buffer, index, _ in routine.sources]
        places.append(self.address(routine.target[0], self.index(routine.target[1])))
        status = self.one.effect(f"call i32 {called}({', '.join(f'ptr {place}' for place in places)})", "int32", 1)
        self.fail(self.one.not_equal(status, constant_of(0, "int32", 1)), OUT_OF_RANGE)


def _kind(name: str) -> type[RoutineCode]:
    """Who writes a routine."""
    if name in TRANSFORMS:
        return FourierCode
    return DecompositionCode if name in PARTS else RoutineCode
