"""The mathematics: graphs, the primitives, their derivatives, and rewriting. It imports nothing of the other floors.

    ir: types, ops as records, graphs ──▶ ops: the primitives ─┬─▶ autodiff: graph ─▶ derived graph
                                                               └─▶ passes: graph ─▶ equal, cheaper graph

In go graphs, out come graphs. Nothing here knows how a function or an equation was written, or what runs the graph.
Read first `ir/graph.py` and `ops/kinds.py`.
"""
