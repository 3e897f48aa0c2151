"""Pictures and tables of a system: the Wengert list with numbers, the computation graph as SVG and DOT.

    system, values ──▶ trace: each step with its number ──▶ table
    system ──▶ diagram ──▶ layered, ordering, alignment: places ──▶ scene ──▶ svg, dot

In goes a system, with numbers or without; out comes text. Read first `trace.py` and `diagram.py`.
"""
