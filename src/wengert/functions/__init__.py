"""NumPy code in: Python functions are followed, differentiated and run.

    function ──▶ namespaces: what its names mean ──▶ tracing: its calls as a graph or on a tape
             ──▶ transforms: grad, vmap, jacobian … ──▶ run: the derived graph, by a target of `targets`

In goes a function of arrays, out comes one. It imports `core` and the seam of `targets`, never `notes`: nothing here has read an equation.
The names of NumPy and SciPy for users stand in `wengert.numpy` and `wengert.scipy`. Read first `tracing/standin.py`, then `run/programs.py`.
"""
