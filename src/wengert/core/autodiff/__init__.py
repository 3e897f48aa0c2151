"""Derivatives of graphs: reverse and forward mode on nodes, batching, transforms of whole graphs, and their checks.

    graph ──▶ forward: tangents along the nodes ────┐
          ──▶ reverse: cotangents against them ─────┼──▶ graph of the derivative
          ──▶ batch: a leading axis for all ────────┘
    masks: where a signal may be something · control: branches and loops · check: modes against the complex step

In goes a graph, out comes a graph; the rules are those of the records. Read first `reverse.py`.
"""

from wengert.core.autodiff import control, custom

__all__ = ["control", "custom"]
"""Imported with the package: they enter the rules of the control ops, which every walk may meet."""
