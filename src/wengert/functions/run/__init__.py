"""One way from a call to its values: a function is followed, its graph becomes a program, the program climbs the tiers.

    call ──▶ cold: reverse mode over a tape, the first times ──▶ written: the tape as a graph
         ──▶ programs: the derived graph, by the interpreter, later as code of a target ──▶ quick: the short way of plain arrays
    compile ──▶ compiling: a kind for each kind of arguments ──▶ kind: a path for each way that Python goes ──▶ path: its code, at once

In go a function, arguments and what is asked of it; out come values. It asks the targets by their seam. Read first `programs.py`, then
`cold.py`; of `compile` first `compiling.py`.
"""
