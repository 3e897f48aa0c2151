"""Transforms of Python functions of arrays: derivatives and batches, each a function again."""
