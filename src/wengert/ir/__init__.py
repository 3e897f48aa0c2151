"""The graph: types, ops as records, nodes. It knows no derivative, no printing and no target."""
