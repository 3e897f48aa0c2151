"""Between what a user calls and the layers below: a function is run once to see its structure, and programs made of it are run.

    call ──▶ cold: reverse mode over a tape, the first times ──▶ written: the tape as a graph
         ──▶ programs: the derived graph, by the interpreter, later as code of a target ──▶ quick: the short way of plain arrays

In go a function, arguments and what is asked of it; out come values. It asks the targets by their seam. Read first `programs.py`, then
`cold.py`.
"""
