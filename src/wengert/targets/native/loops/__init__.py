"""Between graph and machine: kernels of fused nodes, loop nests over buffers, the plan of memory, and what a nest means.

    graph ──▶ expand: composite ops made smaller ──▶ fuse: kernels ──▶ pull: the entry of a kernel as instructions
          ──▶ sweep, rows, contraction, control: loops around them ──▶ nest.Program ──▶ buffers: places in one arena
    interpret: what a nest means, in plain Python

In goes a graph whose sizes are numbers; out comes a program of loop nests, data that knows neither graph nor machine. Read first
`nest.py`, then `lower.py`.
"""
