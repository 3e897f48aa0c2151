"""A document of LaTeX with the forward and the backward pass as displays."""

from __future__ import annotations

from wengert.errors import EquationError
from wengert.notes.derive.backward import Backward
from wengert.notes.derive.printed import LinePrinter, default_form
from wengert.notes.derive.report import derivation_latex

HEAD = r"""\documentclass{article}
\usepackage{amsmath,amssymb}
\begin{document}
"""


def latex_source(derivation: Backward) -> str:
    """The document.

    Raises EquationError for a function, which has no notation.
    """
    system = derivation.system
    if system.text is None:
        raise EquationError(
            "A function has no notation that could be printed as LaTeX.",
            f"  its lines are those of {', '.join(line.name for line in system.lines)}",
            "Emit a system of equations, or the function for another target.",
        )
    printer = LinePrinter(system, default_form(system))
    forward = derivation_latex(system, printer.forward(), ())
    backward = derivation_latex(system, printer.backward(derivation), ())
    return f"{HEAD}\\section*{{Forward}}\n{forward}\n\\section*{{Backward}}\n{backward}\n\\end{{document}}\n"
