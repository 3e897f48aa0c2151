"""Where graphs run.

                       base: Target, Executable, Estimate, the look-up of a target by its name
    graph ──▶ compiled ──▶ ready ──▶ partition ─┬─▶ native: loop nests, LLVM, an entry of C
     (a function of       (sizes as  (the cut)  │     between its parts
      arrays by name)      numbers)             └─▶ interpreter: NumPy, node by node
    xla: JAX, a graph as one program of a device or of a mesh

In goes a graph; out comes a function of arrays. The meaning of every function that an op's value asks for stands in
`core/ir/vocabulary.py`; `stages` prints what a graph becomes on the way, `table` which ops each target takes (`wengert targets`). Nobody
outside names a target's package: ask `base.target`. Read first `base.py`, then `partition.py`.
"""
