"""The backward pass of named quantities: its lines, steps, printed forms, comparison and check.

    system ──▶ backward: for each use of v in a line u, that line's derivative ──▶ simplify, factoring, folding, further
           ──▶ printed lines by index or as matrices (forms, matrices) · steps · report
           ──▶ verify: every bar against forward mode and differences

In go a system, a loss and names; out comes `backward.Backward`, which prints and has a graph. Read first `backward.py`.
"""
