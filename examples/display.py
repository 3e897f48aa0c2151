"""What a notebook would show of a derivation, without a notebook: python examples/display.py [FOLDER]

A notebook asks an object for `_repr_mimebundle_` and shows the richest form it can. Here the text goes to the terminal and
the LaTeX into a document of its own, backward.tex, ready for lualatex or xelatex.
"""

import sys
from pathlib import Path

import wengert as wg

system = wg.equations(Path(__file__).parent / "hidden_layer.txt")
bundle = system.backward().in_form("matrix")._repr_mimebundle_()

for kind, content in bundle.items():
    print(f"--- {kind}")
    print(content)

display = bundle["text/latex"].strip().removeprefix("$$").removesuffix("$$")
document = (
    r"\documentclass{article}\usepackage{amsmath,amssymb}\begin{document}"
    rf"\[{display}\]"
    r"\end{document}"
    "\n"
)
path = Path(sys.argv[1] if len(sys.argv) > 1 else ".") / "backward.tex"
path.write_text(document, encoding="utf-8")
print(f"--- written: {path}")
