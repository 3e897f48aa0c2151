"""From surface trees to a system: ranks, axes, sizes, shifted indices, recurrences.

    lines ──▶ ordering, kinds, ranks: what each name is ──▶ context: axes that share a letter are one size
          ──▶ shifts, fitting, recurrences: indices into others ──▶ meaning: each line as a graph ──▶ system.System

In go the lines of a document and what was found of its names; out comes a system, or an error at its place. Read first `elaborate.py`.
"""
