"""Names of quantities: the canonical form, its parts, and the Python identifier that stands for it.

A canonical name is the base (a letter, with its accents, or a word), then a label in ⁽ ⁾, then a name subscript after `_`,
then primes: `w⁽¹⁾`, `L_reg`, `w_0`, `X̂`, `c'`. It is in Unicode normal form D and carries no bar of an error signal.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

BAR = "\u0304"
OVERLINE = "\u0305"

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "omicron": "ο", "pi": "π", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Alpha": "Α", "Beta": "Β", "Gamma": "Γ", "Delta": "Δ", "Epsilon": "Ε", "Zeta": "Ζ", "Eta": "Η", "Theta": "Θ",
    "Iota": "Ι", "Kappa": "Κ", "Lambda": "Λ", "Mu": "Μ", "Nu": "Ν", "Xi": "Ξ", "Omicron": "Ο", "Pi": "Π", "Rho": "Ρ",
    "Sigma": "Σ", "Tau": "Τ", "Upsilon": "Υ", "Phi": "Φ", "Chi": "Χ", "Psi": "Ψ", "Omega": "Ω",
    "ell": "ℓ",
}  # fmt: skip
"""ASCII words that stand for one letter."""

LETTER_WORDS = {letter: word for word, letter in GREEK.items()}

ACCENTS = {"\u0302": "hat", "\u0303": "tilde", "\u0307": "dot", "\u0308": "ddot", "\u030c": "check", BAR: "mean"}
"""Combining marks that are part of a name, and the word for each."""

SUPERSCRIPTS = dict(
    zip("0123456789+-=nabcdefghijklmoprstuvwxyz", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼ⁿᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻ", strict=True)
) | dict(zip("ABDEGHIJKLMNOPRTUVW", "ᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ", strict=True))
SUBSCRIPTS = dict(zip("0123456789+-=aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
RAISED = {sign: plain for plain, sign in SUPERSCRIPTS.items()}
LOWERED = {sign: plain for plain, sign in SUBSCRIPTS.items()}


class NameParts(NamedTuple):
    """A canonical name taken apart; the label and the subscript are plain text, empty where there is none."""

    base: str
    label: str = ""
    subscript: str = ""
    primes: int = 0


def superscript(text: str) -> str:
    """The text in superscript signs; a letter that has none stays as it is."""
    return "".join(SUPERSCRIPTS.get(c, c) for c in text)


def is_step(subscript: str) -> bool:
    """Whether a subscript is that of another step of time in equations of a single one, t−1 of c_{t−1}."""
    return re.fullmatch(r"\w[+-]\d+", subscript) is not None


def join(base: str, label: str = "", subscript: str = "", primes: int = 0) -> str:
    """The canonical name of these parts."""
    return base + (f"⁽{superscript(label)}⁾" if label else "") + (f"_{subscript}" if subscript else "") + "'" * primes


@lru_cache(4096)
def split(name: str) -> NameParts:
    """The parts of a canonical name: `join(*split(name)) == name`."""
    rest = name.rstrip("'")
    primes = len(name) - len(rest)
    rest, _, subscript = rest.partition("_")
    base, _, label = rest.partition("⁽")
    return NameParts(base, "".join(RAISED.get(c, c) for c in label.removesuffix("⁾")), subscript, primes)


def identifier(name: str) -> str:
    """A Python identifier for one canonical name: `w⁽¹⁾` → `w_1`, `λ` → `lam`, `X̂` → `X_hat`."""
    base, label, subscript, primes = split(name)
    words = [
        _ascii(base),
        _ascii(label),
        _ascii(subscript),
        "prime" * bool(primes) + (str(primes) if primes > 1 else ""),
    ]
    text = "_".join(word for word in words if word) or "v"
    if text[0].isdigit():
        text = "v" + text
    if keyword.iskeyword(text):
        text = "lam" if text == "lambda" else text + "_"
    return text


def _ascii(text: str) -> str:
    out: list[str] = []
    for c in text:
        if c in ACCENTS:
            out.append("_" + ACCENTS[c])
        elif c in LETTER_WORDS:
            word = "lam" if c == "λ" else LETTER_WORDS[c]
            out.append(("_" if out else "") + word)
        elif c == "⋆":
            out.append("_star")
        elif c in "+-−":
            out.append("_plus" if c == "+" else "_minus")
        elif c.isascii() and (c.isalnum() or c == "_"):
            out.append(c)
        elif not unicodedata.combining(c):
            plain = unicodedata.normalize("NFKD", c)
            out.append(plain if plain.isascii() and plain.isalnum() else f"u{ord(c):x}")
    return "".join(out).strip("_")


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """One identifier for each name, in order; a second name with the same identifier gets `_2`, a third `_3`."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        if name in found:
            continue
        text, count = identifier(name), 1
        plain = text
        while text in taken:
            count += 1
            text = f"{plain}_{count}"
        taken.add(text)
        found[name] = text
    return found
