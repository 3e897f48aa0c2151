"""Between graph and machine: kernels of fused nodes, loop nests over buffers, the plan of memory, and what a nest means."""
