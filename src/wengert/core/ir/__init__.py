"""The graph: types, ops as records, nodes. It knows no derivative, no printing and no target.

    op.Op, a record ──┐
    types.ArrayType ──┴─▶ graph.Node ──▶ graph.Graph ──▶ walk (order, rebuild, substitute), verify, dump
    vocabulary: the functions that the values of ops are written in, and what each means

In go an op's name, nodes and parameters (`graph.apply`); out comes a node, whose type its op infers. Read first `op.py`, then `graph.py`.
"""
