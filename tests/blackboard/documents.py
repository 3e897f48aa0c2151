"""Documents of several kinds with the lines that are read from them, for the tests of the board with and without a browser."""

from __future__ import annotations

import json

SEVERAL = r"""# Two units

## A logistic one

$$z = w x + b$$
$$p = \sigma(z)$$
$$L = \frac12 (p - t)^2$$

Its error signals:

$$\bar p = p - t$$

## One with a hyperbolic tangent

$$
h = \tanh(v q) \\
J = \frac12 h^2
$$

$$\frac{\partial J}{\partial v} = h (1 - h^2) q$$
"""
"""Two systems, each with lines about its derivatives."""

MACROS = r"""\newcommand{\vect}[1]{\mathbf{#1}}
\newcommand{\loss}{\mathcal{L}}
"""
MAIN = r"""\documentclass{article}
\usepackage{signs}
\begin{document}
\section{Model}
\input{model}
\section{Loss}
\input{loss.tex}
\end{document}
"""
MODEL = r"""\begin{align}
\vect{z} &= W \vect{x} + \vect{b} \\
\vect{y} &= \sigma(\vect{z})
\end{align}
"""
LOSS = r"\begin{equation} \loss = \frac12 \lVert \vect{y} - \vect{t} \rVert^2 \end{equation}"
CELLS = [
    ("markdown", ["# Model\n", "\n", r"$$z_i = \sum_j w_{ij} x_j + b_i$$"]),
    ("code", ["z = W @ x + b\n"]),
    ("markdown", [r"$$L = \frac12 \sum_i (z_i - t_i)^2$$"]),
]
RST = r"""Model
=====

.. math::

   z = w x + b

   L = \frac{1}{2} (z - t)^2
"""
PLAIN = "y = W x + b\nL = ½ ‖y − t‖²\n"


def written(folder):
    """The documents in a folder: the name of each file with the lines of its system, and those of the second of several."""
    files = {
        "several.md": SEVERAL,
        "main.tex": MAIN,
        "signs.sty": MACROS,
        "model.tex": MODEL,
        "loss.tex": LOSS,
        "unit.rst": RST,
        "plain.txt": PLAIN,
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    cells = [
        {
            "cell_type": kind,
            "metadata": {},
            "source": source,
            **({"outputs": [], "execution_count": None} if kind == "code" else {}),
        }
        for kind, source in CELLS
    ]
    notebook = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    (folder / "note.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


LINES = {
    "several.md": ["z = w x + b", "p = σ(z)", "L = ½ (p − t)²"],
    "several.md 2": ["h = tanh(v q)", "J = ½ h²"],
    "main.tex": ["z = W x + b", "y = σ(z)", "L = ½ ‖y − t‖²"],
    "unit.rst": ["z = w x + b", "L = ½ (z − t)²"],
    "plain.txt": ["y = W x + b", "L = ½ ‖y − t‖²"],
    "note.ipynb": ["z_i = Σ_j w_ij x_j + b_i", "L = ½ Σ_i (z_i − t_i)²"],
}
"""What is read from each; a number behind a name says which of its systems is meant."""


def arguments(folder, document):
    """How the command is told of a document."""
    name, _, number = document.partition(" ")
    system = number or ("1" if name == "several.md" else "")
    return [str(folder / name), *(["--system", system] if system else [])]
