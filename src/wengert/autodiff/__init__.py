"""Derivatives of graphs: reverse and forward mode on nodes, batching, transforms of whole graphs, and their checks."""

from wengert.autodiff import control

__all__ = ["control"]
"""Imported with the package: it enters the rules of the control ops, which every walk may meet."""
