"""Back ends: each turns a graph into a callable over arrays."""
