"""The benchmarks: workloads against peers, interleaved in one process; `python -m benchmarks` runs them and prints the table.

contest      contestants, what is to be reached, workloads: data
rows         the table of all rows
agreement    every contestant's results against a reference, before anything is timed
timing       interleaved samples, medians and ratios
child        one row in a process of its own, pinned to its processors
report       the table, on a terminal and as a document
matmul       matrix products alone, by size and transposition, against BLAS and XLA: a command of its own
shapes       matrix products of every shape beside NumPy: a command of its own
"""
