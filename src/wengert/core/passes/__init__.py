"""Passes: functions from graph to graph that keep what it computes.

    graph ──▶ pipeline.PIPELINE, pass after pass ──▶ graph
              stability · algebra · fold · cse · structure · lookup · joining · pruning · dce …
    patterns ──▶ rewrite.Rule: a pair of functions and a claim, exact or by how much it differs

In goes a graph, out comes one with the same outputs; every pass goes over the sub-graphs of branches and loops too. Read first
`pipeline.py`, which is their order on one screen.
"""
