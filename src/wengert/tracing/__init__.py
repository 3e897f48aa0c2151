"""The front end for NumPy: Python functions run once on traced values, which leave a graph behind. It knows no derivative."""

from wengert.tracing import functions, reductions, ufuncs

__all__ = ["functions", "reductions", "ufuncs"]
"""Imported with the package: they enter the NumPy functions that a traced value answers to."""
