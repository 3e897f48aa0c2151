"""Derivatives of graphs: reverse and forward mode on nodes, batching, transforms of whole graphs, and their checks."""

from wengert.autodiff import control, custom

__all__ = ["control", "custom"]
"""Imported with the package: they enter the rules of the control ops, which every walk may meet."""
