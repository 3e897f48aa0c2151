"""Derivatives of graphs: reverse and forward mode on nodes, batching, transforms of whole graphs, and their checks."""
