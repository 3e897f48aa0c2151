"""Equations in: a text is read, becomes a system, is derived by hand's rules, judged and shown.

    text ──▶ notation: surface trees ──▶ elaboration: a system of graphs ──▶ derive: the backward pass, line by line ──▶ show
    documents with derivations ──▶ manuscripts, reading: systems, statements ──▶ claims: verdicts, corrected lines

In goes text, out come systems, derivations and verdicts. It imports `core`, never `functions` or `targets`. Read first
`notation/expr.py` and `elaboration/system.py`.
"""
