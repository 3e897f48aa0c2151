"""Signs of a formula for the neutral parser: LaTeX commands and Unicode signs become one small vocabulary."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from wengert.regex import regex


class MathToken(NamedTuple):
    """kind: name, word, num, sign, command, open (an escaped brace), end."""

    kind: str
    text: str


END = MathToken("end", "")

SILENT = (
    r"\\(left|right|middle|[bB]igg?[lrm]?|displaystyle|textstyle|scriptstyle|limits|nolimits|nonumber|notag|small|large|Large|normalsize"
    r"|hfill|hline|mathstrut|enspace|thinspace|strut|allowbreak|protect|hskip|centering|footnotesize)(?![a-zA-Z])\.?"
)
"""Commands that say how a formula looks."""

SPACED = (
    r"\\(tag|label|eqref|ref|cite|hspace|vspace|kern|mspace|mkern|color|phantom|hphantom|vphantom)\*?\s*"
    r"(\{[^{}]*\}|-?[\d.]+\s*(?:em|pt|mu|ex))"
)
"""Commands with an argument that says how a formula looks."""

PAIRS = {
    "，": ",", "。": ".", "；": ";", "：": ":", "（": "(", "）": ")", "、": ",", "．": ".", "−": "-", "–": "-", "∗": "*",
    "′": "'", "″": "''", "’": "'", "＝": "=", "＋": "+", "⊙": "∘", "½": r"{\frac{1}{2}}", "¼": r"{\frac{1}{4}}", "∑": r"\sum ",
    "∏": r"\prod ", "√": r"\sqrt ", "\u00a0": " ", "\u2009": " ", "\u200b": "", "…": r"\dots ", "...": r"\dots ", "..": r"\dots ", "&=": "=", "==": "=",
    "：=": ":=", "≔": ":=", "⁻": "^{-}", "𝟙": r"\mathbb{1}",
}  # fmt: skip
"""Signs written another way."""

SYNONYMS = {
    "top": "⊤", "intercal": "⊤", "dagger": "⊤", "T": "⊤", "cdot": "·", "bullet": "·", "times": "×", "ast": "*", "star": "*", "odot": "∘",
    "circ": "∘", "otimes": "⊗", "partial": "∂", "nabla": "∇", "triangledown": "∇", "bigtriangledown": "∇", "ne": "≠", "neq": "≠",
    "le": "≤", "leq": "≤", "leqslant": "≤", "ge": "≥", "geq": "≥", "geqslant": "≥", "lt": "<", "gt": ">", "lVert": "‖", "rVert": "‖",
    "Vert": "‖", "|": "‖", "parallel": "‖", "lvert": "|", "rvert": "|", "vert": "|", "mid": "|", "equiv": "=", "doteq": "=",
    "triangleq": "=", "coloneqq": "=", "coloneq": "=", "approx": "≈", "simeq": "≈", "propto": "≈", "sim": "~", "lbrace": "{",
    "rbrace": "}", "lbrack": "[", "rbrack": "]", "ldots": "…", "dots": "…", "cdots": "…", "dotsb": "…", "dotsc": "…", "vdots": "…",
    "ddots": "…", "leftarrow": "←", "gets": "←", "rightarrow": "⇒", "to": "⇒", "Rightarrow": "⇒", "implies": "⇒", "longrightarrow": "⇒",
    "Leftrightarrow": "⇒", "iff": "⇒", "therefore": "", "because": "", "in": "∈", "prime": "'", "ell": "ℓ", "langle": "⟨", "rangle": "⟩",
    "lfloor": "|", "rfloor": "|", "div": "/", "slash": "/", "backslash": "/", "setminus": "∖",
}  # fmt: skip

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eps": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "vartheta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "varrho": "ρ",
    "sigma": "σ", "varsigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ",
    "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip

FUNCTIONS = {
    "log": "log", "ln": "log", "lg": "log", "exp": "exp", "sin": "sin", "cos": "cos", "tan": "tan", "tanh": "tanh", "sinh": "sinh",
    "cosh": "cosh", "sigmoid": "sigmoid", "sigm": "sigmoid", "logistic": "sigmoid", "softmax": "softmax", "relu": "relu", "max": "max",
    "min": "min", "diag": "diag", "sign": "sign", "sgn": "sign", "tr": "trace", "trace": "trace", "softplus": "softplus", "sum": "total",
    "logsumexp": "logsumexp", "vec": "vec", "arctan": "arctan", "det": "det",
}  # fmt: skip

LONE = r"(?<![\\a-zA-Z_])(tanh|softmax|softplus|[Ss]igmoid|[Rr]e[Ll][Uu]|log|exp|ln|max|min|cosh|sinh|sin|cos|diag|sgn|sign)(?![a-zA-Z])"
"""Functions written as plain letters."""

SUPER = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵀⁿⁱʲˡᵗᵏᵐ", "0123456789+-()⊤nijltkm", strict=True))
SUBS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₍₎ₐₑₒₓₕₖₗₘₙₚₛₜᵢⱼᵣᵤᵥ", "0123456789+-()aeoxhklmnpstijruv", strict=True))
NUMBER = r"(\d+(?:\.\d+)?|\.\d+)"
TOKEN = regex(r"\\([a-zA-Z]+\*?|.)|" + NUMBER + r"|([^\W\d_][\u0300-\u036f]*)|(\S)", re.S)
TEXT_TOKEN = regex(
    r"\\([a-zA-Z]+\*?|.)|" + NUMBER + r"|([A-Za-z][A-Za-z\u0300-\u036f]*\d*|[^\W\d_][\u0300-\u036f]*)|(\S)", re.S
)


BOLD_MACRO = regex(rf"(?:[vVmMb]|vec|mat|bs|bf|bm)([A-Za-z]|{'|'.join(GREEK)})")
"""Macros by which books write vectors and matrices; where they are not defined, their style file is not there."""


def normal(text: str) -> str:
    """A formula without what only says how it looks, and with one way to write each sign."""
    text = re.sub(r"(?<!\\)%[^\n]*", "", text)
    for written, meant in PAIRS.items():
        if written in text:
            text = text.replace(written, meant)
    text = re.sub(SPACED, _space, text)
    text = re.sub(r"\\textcolor\s*\{[^{}]*\}", " ", text)
    text = re.sub(r"\\begin\{(array|alignedat)\}\s*\{[^{}]*\}", r"\\begin{\1}", text)
    text = re.sub(SILENT, " ", text)
    text = re.sub(LONE, r"\\operatorname{\1}", text)
    text = re.sub(r"\\\\\s*\[[^\]]*\]", r"\\\\", text)
    text = re.sub(r"(?<!\\)\\(?:[,;:!> \n]|space\b)|(?<!\\)\\$|~", " ", text)
    return _scripts_written_small(text)


def _space(found: re.Match[str]) -> str:
    wide = found.group(1) in ("hspace", "kern", "mspace") and not found.group(2).startswith(("{-", "-"))
    return r" \quad " if wide else " "


def _scripts_written_small(text: str) -> str:
    """x₁² as x_{1}^{2}."""
    for table, sign in ((SUPER, "^"), (SUBS, "_")):
        letters = "".join(table)
        if any(letter in text for letter in letters):
            text = re.sub(
                f"[{re.escape(letters)}]+",
                lambda m, table=table, sign=sign: sign + "{" + "".join(table[c] for c in m.group()) + "}",
                text,
            )
    return text


CJK = 0x2E80
"""Syllables and ideographs stand beyond it."""


def tokens(text: str, notation: str = "latex") -> list[MathToken]:
    """The signs of a normalised formula; in plain text letters that stand together are one word, and a letter behind syllables belongs to their word."""
    found: list[MathToken] = []
    end = -1
    for match in (TOKEN if notation == "latex" else TEXT_TOKEN).finditer(_accents_behind(text)):
        command, number, letter, sign = match.groups()
        joined = match.start() == end and bool(found) and found[-1].kind == "name" and ord(found[-1].text[0]) > CJK
        end = match.end()
        if command is not None:
            found += _command(command)
        elif joined and letter and letter.isascii() and letter != "d":
            found[-1] = MathToken("name", found[-1].text + letter)
        elif number:
            found.append(MathToken("num", number))
        elif letter:
            found += _letters(letter)
        else:
            found.append(MathToken("sign", sign))
    return found


def _accents_behind(text: str) -> str:
    """Letters with accents as letter and accent; signs such as ≠ and syllables stay."""
    return "".join(unicodedata.normalize("NFD", c) if c.isalpha() and c < "\u1100" else c for c in text)


def _letters(run: str) -> list[MathToken]:
    """One letter, or a run of letters of plain text: a known function, a Greek letter by name, a letter with its number, d with a name."""
    bare = run.rstrip("0123456789")
    number = run[len(bare) :]
    below = [MathToken("sign", "_"), MathToken("num", number)] if number else []
    if sum(not unicodedata.combining(c) for c in bare) == 1:
        return [MathToken("name", bare), *below]
    if bare.lower() in FUNCTIONS or bare == "sqrt":
        return [MathToken("command", bare.lower())]
    if bare in GREEK:
        return [MathToken("name", GREEK[bare]), *below]
    if len(bare) == 2 and bare[0] == "d":
        return [MathToken("name", "d"), MathToken("name", bare[1]), *below]
    return [MathToken("word", bare), *below]


def _command(command: str) -> list[MathToken]:
    if command in "{}":
        return [MathToken("open", command)]
    if command in GREEK:
        return [MathToken("name", GREEK[command])]
    sign = SYNONYMS.get(command)
    if sign is None:
        bold = BOLD_MACRO.fullmatch(command)
        if bold is not None and command not in ("bf", "bm", "mp"):
            letter = bold.group(1)
            return [MathToken("command", "mathbf"), MathToken("name", GREEK.get(letter, letter))]
        return [MathToken("command", command)]
    if not sign:
        return []
    return [MathToken("name" if sign == "ℓ" else "open" if sign in "{}" else "sign", sign)]
