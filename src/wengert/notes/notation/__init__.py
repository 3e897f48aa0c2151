"""The page: text, LaTeX and Markdown to surface trees, and back. It knows nothing of shapes.

    text ──▶ reader: its lines ──▶ tokens ──▶ parser ──▶ expr.Line, a surface tree
                    scan: which names are quantities, functions, indices ─┘
    surface tree ──▶ printing: text, LaTeX, layout in two dimensions

In goes a document; out come lines and warnings, with places for errors. Read first `expr.py`, then `reader.py`.
"""
