"""Documents with derivations made by hand, cut into systems and the lines about them. It knows no derivatives.

    document ──▶ manuscript ──▶ sections: forward equations, claims, prose
    Python ──▶ numpy_blocks, numpy_code: its assignments as equations

In goes a text; out come sections, each a system with the lines about it. Read first `manuscript.py`.
"""
