"""The primitives, a record each: importing this package fills `wengert.ir.op.OPS`."""

from wengert.ops import elementwise, leaves

__all__ = ["elementwise", "leaves"]
