"""compile: functions and graphs as machine code.

    function ──▶ functions: a kind for each kind of arguments ──▶ kind: a path for each way that Python goes
             ──▶ path: the graph where Python's questions have certain answers ──▶ an executable of a target and its entry

In goes a function; out comes one that takes the same arguments. It asks the targets by their seam. Read first `functions.py`.
"""

from wengert.compilation.functions import CompiledFunction, compile, keep_subnormals, set_factors, set_threads

__all__ = ["CompiledFunction", "compile", "keep_subnormals", "set_factors", "set_threads"]
