"""compile: functions and graphs as machine code."""

from wengert.compilation.functions import CompiledFunction, compile, set_threads

__all__ = ["CompiledFunction", "compile", "set_threads"]
