"""The LaTeX commands that are read, as tables: what each stands for in the common token stream."""

from __future__ import annotations

from wengert.notes.notation.names import GREEK
from wengert.notes.notation.symbols import FUNCTIONS, OTHER_SPELLINGS, words

LETTERS = {word: letter for word, letter in GREEK.items() if letter not in "ΣΠ"} | {
    "varepsilon": "ε", "varphi": "φ", "vartheta": "θ", "varrho": "ρ", "varpi": "π", "varsigma": "σ", "varkappa": "κ",
    "Sigma": "Σ", "Pi": "Π", "infty": "∞", "hbar": "ħ", "imath": "i", "jmath": "j", "Re": "ℝ", "R": "ℝ", "aleph": "ℵ",
}  # fmt: skip

FUNCTION_WORDS = {
    word: OTHER_SPELLINGS.get(word, word)
    for word in (*FUNCTIONS, *OTHER_SPELLINGS, "arg", "argmax", "argmin", "inf", "sup", "lim", "Pr", "sgn", "tg")
    if word.isascii() and word != "sqrt"
}

SIGNS: dict[str, tuple[str, str]] = {
    "cdot": ("op", "·"), "times": ("op", "×"), "ast": ("op", "*"), "odot": ("op", "∘"), "circ": ("op", "∘"), "bullet": ("op", "∘"),
    "div": ("op", "/"), "otimes": ("op", "⊗"), "pm": ("op", "±"), "mp": ("op", "∓"),
    "leq": ("rel", "≤"), "le": ("rel", "≤"), "leqslant": ("rel", "≤"), "geq": ("rel", "≥"), "ge": ("rel", "≥"), "geqslant": ("rel", "≥"),
    "neq": ("rel", "≠"), "ne": ("rel", "≠"), "lt": ("rel", "<"), "gt": ("rel", ">"), "in": ("rel", "∈"),
    "triangleq": ("rel", "="), "coloneqq": ("rel", "="), "coloneq": ("rel", "="), "equiv": ("rel", "="), "doteq": ("rel", "="),
    "approx": ("rel", "≈"), "simeq": ("rel", "≈"), "cong": ("rel", "≈"), "sim": ("rel", "~"), "propto": ("rel", "∝"),
    "subset": ("rel", "⊂"), "subseteq": ("rel", "⊂"), "ll": ("rel", "<"), "gg": ("rel", ">"),
    "vdots": ("dots", "…"), "ddots": ("dots", "…"), "iddots": ("dots", "…"),
    "sum": ("big", "sum"), "prod": ("big", "prod"), "partial": ("partial", "∂"), "nabla": ("nabla", "∇"), "sqrt": ("root", "√"),
    "frac": ("frac", "frac"), "tfrac": ("frac", "frac"), "dfrac": ("frac", "frac"), "cfrac": ("frac", "frac"),
    "dots": ("dots", "…"), "ldots": ("dots", "…"), "cdots": ("dots", "…"), "dotsc": ("dots", "…"), "dotsb": ("dots", "…"),
    "star": ("star", "⋆"), "prime": ("prime", "'"), "top": ("transpose", "ᵀ"), "intercal": ("transpose", "ᵀ"), "land": ("and", "∧"),
    "langle": ("open", "⟨"), "rangle": ("close", "⟩"),
    "wedge": ("and", "∧"), "|": ("norm", "‖"), "Vert": ("norm", "‖"), "lVert": ("norm", "‖<"), "rVert": ("norm", "‖>"),
    "vert": ("bar", "|"), "mid": ("bar", "|"), "lvert": ("bar", "|<"), "rvert": ("bar", "|>"), "colon": ("colon", ":"),
    "{": ("open", "\\{"), "}": ("close", "\\}"), "lbrace": ("open", "\\{"), "rbrace": ("close", "\\}"), "lbrack": ("open", "["),
    "rbrack": ("close", "]"), "llbracket": ("open", "⟦"), "rrbracket": ("close", "⟧"), "lparen": ("open", "("), "rparen": ("close", ")"),
    "leftarrow": ("arrow", "←"), "rightarrow": ("arrow", "→"), "to": ("arrow", "→"), "Rightarrow": ("arrow", "⇒"),
    "Leftarrow": ("arrow", "⇐"), "implies": ("arrow", "⇒"), "impliedby": ("arrow", "⇐"), "iff": ("arrow", "⇔"),
    "therefore": ("arrow", "∴"), "because": ("arrow", "∵"), "Longrightarrow": ("arrow", "⇒"), "longrightarrow": ("arrow", "→"),
    "gets": ("arrow", "←"), "checkmark": ("arrow", "✓"), "square": ("arrow", "□"), "qed": ("arrow", "□"), "qedhere": ("arrow", "□"), "blacksquare": ("arrow", "□"), "Longleftarrow": ("arrow", "⇐"), "longmapsto": ("arrow", "↦"), "Box": ("arrow", "□"), "mapsto": ("arrow", "↦"),
    "leftrightarrow": ("arrow", "↔"), "Leftrightarrow": ("arrow", "⇔"), "_": ("sub", "_"),
    "quad": ("soft", "quad"), "qquad": ("soft", "quad"), "hfill": ("soft", "quad"), "enspace": ("soft", "quad"), "bigstar": ("star", "⋆"),
    "newline": ("row", "\\\\"), "cr": ("row", "\\\\"), "par": ("row", "\\\\"),
    "[": ("hard", "\\["), "]": ("hard", "\\]"), "(": ("hard", "\\("), ")": ("hard", "\\)"),
}  # fmt: skip

SPACES = frozenset(words(", ; : ! > thinspace medspace thickspace negthinspace space nobreakspace /")) | {" ", "\n"}

SKIPPED = frozenset(
    words(
        "displaystyle textstyle scriptstyle scriptscriptstyle limits nolimits nonumber notag left right middle big Big bigg Bigg "
        "bigl bigr Bigl Bigr biggl biggr Biggl Biggr bigm Bigm biggm Biggm noindent centering allowbreak break nobreak smallskip "
        "medskip bigskip rm bf it cal sf normalsize small large relax protect hline mathop mathbin mathord mathopen mathclose mathpunct "
        "mathstrut strut boldmath ensuremath smash boxed underbrace overbrace underline substack cancel bcancel xcancel tiny scriptsize "
        "footnotesize large Large LARGE huge Huge displaylimits allowdisplaybreaks raggedright bfseries itshape lefteqn mathchoice"
    )
)
"""Commands that change how a formula looks, not what it says; a group after them stays as a group."""

SKIPPED_WITH_ARGUMENT = frozenset(
    words(
        "tag label eqref ref cite color vspace hspace phantom hphantom vphantom intertext footnote mbox* textcolor colorbox "
        "setlength rule pagecolor kern mkern hskip mskip"
    )
)
"""Commands that are stepped over together with the group after them."""

FONTS = frozenset(
    words(
        "mathbf boldsymbol bm mathcal mathscr mathfrak mathbb mathds mathbbm mathrm mathit mathsf mathtt mathnormal pmb symbf symbfit "
        "symbfup"
    )
)
OLD_FONTS = {
    "rm": "mathrm", "bf": "mathbf", "it": "mathit", "cal": "mathcal", "sf": "mathsf", "tt": "mathtt", "bfseries": "mathbf", "sc": "mathrm",
}  # fmt: skip
"""Fonts that hold to the end of their group: {\\rm in}."""
BOLD_FONTS = frozenset(words("mathbf boldsymbol bm pmb symbf symbfit symbfup"))

TEXTS = frozenset(words("text textrm textbf textit textsf texttt textnormal mbox operatorname textup textmd emph hbox"))
"""Commands whose group is plain text."""

ACCENTS = {
    "bar": "bar", "overline": "bar", "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303", "dot": "\u0307",
    "ddot": "\u0308", "check": "\u030c", "vec": "vec", "overrightarrow": "vec",
}  # fmt: skip

WRAPPERS = frozenset(
    words(
        "aligned align align* alignat alignat* alignedat gathered gather gather* split equation equation* multline multline* multlined "
        "eqnarray eqnarray* displaymath math flalign flalign* document subequations"
    )
)
"""Environments that only arrange equations."""

CASES = frozenset({"cases", "cases*", "dcases", "dcases*", "rcases"})
MATRICES = frozenset({"matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "array"})

KNOWN = frozenset(
    [
        *LETTERS,
        *FUNCTION_WORDS,
        *SIGNS,
        *SKIPPED,
        *SKIPPED_WITH_ARGUMENT,
        *FONTS,
        *TEXTS,
        *ACCENTS,
        "begin",
        "end",
        "mathrel",
        "stackrel",
        "overset",
        "mathbb",
    ]
)
