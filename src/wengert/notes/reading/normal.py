"""Formulas in one spelling before they are cut into signs: a table of pairs, each with an example of what it does.

A pair changes how a formula is typed, never what it says: full-width signs, the commands of layout, escapes of Markdown and HTML.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from wengert.notes.notation.symbols import FUNCTIONS, OTHER_SPELLINGS
from wengert.notes.reading.located import Located

Notation = Literal["latex", "text"]
BOTH: tuple[Notation, ...] = ("latex", "text")


@dataclass(frozen=True)
class NormalForm:
    """What is written for what: `example` becomes `normal`."""

    says: str
    pattern: re.Pattern[str]
    by: str | Callable[[re.Match[str]], str]
    example: str
    normal: str
    notations: tuple[Notation, ...] = BOTH

    def apply(self, part: Located) -> Located:
        """The text with this spelling normalised."""
        if self.pattern.search(part.text) is None:
            return part
        by = self.by
        return part.replaced(self.pattern, by if callable(by) else lambda found: found.expand(by))


FULL_WIDTH = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {
    "。": ".", "、": ",", "．": ".", "【": "[", "】": "]", "　": " ", "∗": "*", "﹒": ".", "﹣": "-",
}  # fmt: skip
FUNCTION_WORDS = sorted(
    (
        w
        for w in (*FUNCTIONS, *OTHER_SPELLINGS, "argmax", "argmin")
        if w.isascii()
        and w.isalpha()
        and len(w) > 2
        and w not in ("sum", "prod", "mean", "sign", "norm", "step", "abs", "lse", "LSE")
    ),
    key=len,
    reverse=True,
)
"""Functions whose letters, side by side in LaTeX, are not meant as factors."""
GROUP = r"\{[^{}]*\}"
NESTED = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
LENGTH = r"\s*[\d.]+\s*(?:em|ex|pt|px|mm|cm|in|mu)\s*"
SILENT = (
    r"tag|label|eqref|ref|cite|vspace|color|pagecolor|phantom|hphantom|vphantom|footnote|class|cssId|htmlClass|htmlId"
)
APPLIED = re.compile(
    rf"\\(?:text\w*|math\w+|mbox|hbox|operatorname\*?|begin|end|rm|bf)\s*{GROUP}|\\[A-Za-z]+"
    rf"|(?<![A-Za-z])(?P<word>{'|'.join(FUNCTION_WORDS)}|ln)(?![A-Za-z])(?!\s*\()"
)


def _applied(found: re.Match[str]) -> str:
    word = found["word"]
    return found.group() if word is None else f"\\operatorname{{{OTHER_SPELLINGS.get(word, word)}}}"


def _gap(found: re.Match[str]) -> str:
    """A gap as wide as a word parts formulas; a thin or negative one does not."""
    number = float(found["size"])
    wide = number >= {"em": 1, "ex": 2, "mu": 18, "pt": 10, "px": 12, "mm": 4, "cm": 0.4, "in": 0.2}[found["unit"]]
    return r"\quad " if wide else " "


PAIRS: tuple[NormalForm, ...] = (
    NormalForm(
        "full-width signs",
        re.compile(f"[{re.escape(''.join(FULL_WIDTH))}]"),
        lambda found: FULL_WIDTH[found.group()],
        "z＝ｗ（ｘ＋１），",
        "z=w(x+1),",
    ),
    NormalForm("entities of HTML", re.compile("&lt;"), "<", "a &lt; b", "a < b"),
    NormalForm("entities of HTML", re.compile("&gt;"), ">", "a &gt; b", "a > b"),
    NormalForm("entities of HTML", re.compile("&amp;"), "&", "z &amp;= w x", "z &= w x"),
    NormalForm("blanks of HTML", re.compile(r"&nbsp;|&emsp;|&ensp;|<br\s*/?>"), " ", "z =&nbsp;w x<br/>", "z = w x "),
    NormalForm("lowered text of HTML", re.compile("<sub>([^<>]*)</sub>"), r"_{\1}", "w<sub>ij</sub>", "w_{ij}"),
    NormalForm("raised text of HTML", re.compile("<sup>([^<>]*)</sup>"), r"^{\1}", "W<sup>T</sup>", "W^{T}"),
    NormalForm("zero-width signs", re.compile("[\u200b\u200c\u200d\u2060\ufeff]"), "", "z\u200b = w x", "z = w x"),
    NormalForm("signs of rows escaped twice", re.compile(r"(?<!\\)\\\\\\\\(?!\\)"), lambda _: "\\\\", "a \\\\\\\\ b", "a \\\\ b", ("latex",)),
    NormalForm("words in brackets before a formula", re.compile(r"(?m)(^|\\\\|&)(\s*)\((?:\\text\s*\{)?[A-Z][a-z]{3,}(?: [A-Za-z]+)*\}?\)\s*(?:\\(?:space|q?quad)(?![A-Za-z])|\\[;, ]|~)"), r"\1\2", r"(Mean) \space \mu = x", r" \mu = x", ("latex",)),
    NormalForm("shapes below a name", re.compile(r"_\s*\{\s*[\[(]?\s*\w+\s*\\times\s*\w+\s*[\])]?\s*\}"), "", r"W_{n \times m} {x}_{[m \times 1]}", r"W {x}", ("latex",)),
    NormalForm("asterisks escaped for Markdown", re.compile(r"(?<!\\)\\\*"), "*", r"w\*", "w*", ("latex",)),
    NormalForm("comments", re.compile(r"(?<!\\)%[^\n]*"), "", "z = w x % the sum", "z = w x ", ("latex",)),
    NormalForm("numbers of equations, references", re.compile(rf"\\(?:{SILENT})\*?\s*{GROUP}"), " ", r"z = w x \tag{3}", "z = w x  ", ("latex",)),
    NormalForm("numbers left out", re.compile(r"\\(?:nonumber|notag)(?![A-Za-z])"), " ", r"z = w x \nonumber", "z = w x  ", ("latex",)),
    NormalForm("gaps", re.compile(r"\\(?:hspace\*?\s*\{|kern|hskip|mskip|mkern)\s*(?P<size>-?\d*\.?\d+)\s*(?P<unit>em|ex|pt|px|mm|cm|in|mu)\s*\}?"), _gap, r"a \hspace{0.5in} b", r"a \quad  b", ("latex",)),
    NormalForm("limits under an operator", re.compile(rf"\\underset\s*({NESTED})\s*({NESTED})"), r"\2_\1", r"\underset{(w,b)}{\min} L", r"{\min}_{(w,b)} L", ("latex",)),
    NormalForm("scripts in braces of their own", re.compile(rf"(?<=[A-Za-z}}])\{{\s*([_^])\s*({GROUP}|[^{{}}\\\s])\s*\}}"), r"\1\2", r"\delta{_1}^T x{^{(2)}}", r"\delta_1^T x^{(2)}", ("latex",)),
    NormalForm("signs set as text", re.compile(r"\\text\s*\{\s*([-+=])\s*\}"), r"\1", r"1\text{+}x", "1+x", ("latex",)),
    NormalForm("frames", re.compile(r"\\bbox\s*\[[^\]]*\]|\\(?:large|Large|small|displaystyle|textstyle)(?![A-Za-z])"), " ", r"\bbox[red,2px]{z = w x}", " {z = w x}", ("latex",)),
    NormalForm("signs of per cent", re.compile(r"\\%"), " ", r"z = 80\%", "z = 80 ", ("latex",)),
    NormalForm("brackets over two rows", re.compile(r"\\right\s*\.(?:\s|&|\\\\|\\(?:notag|nonumber|qq?uad)(?![A-Za-z]))*\\left\s*\."), " ", r"\left(a \right. \\ & \left. + b\right)", r"\left(a   + b\right)", ("latex",)),
    NormalForm("white space of rows", re.compile(rf"\\\\\*?\[-?{LENGTH}\]"), lambda _: "\\\\", r"a \\[2pt] b", "a \\\\ b", ("latex",)),
    NormalForm("words before a formula", re.compile(r"(?m)(^|\\\\|\\Rightarrow)(\s*)\\text\s*\{\s*[A-Z][a-z]+ +\}(?=\s*[A-Za-z\\])"), r"\1\2", r"\text{Let } u = x", " u = x", ("latex",)),
    NormalForm("arrows of programs", re.compile(r"(?<![=<>!:&])=>"), r"\\Rightarrow ", "a = b => c = d", r"a = b \Rightarrow  c = d", ("latex",)),
    NormalForm("equality by definition", re.compile(r"\\(?:overset|stackrel)\s*\{[^=]*?def[^=]*?\}\s*\{\s*=\s*\}"), r"\\triangleq ", r"y \overset{\mathrm{def}}{=} x", r"y \triangleq  x", ("latex",)),
    NormalForm("blanks before a letter in a font", re.compile(r"(\\math(?:rm|bf|it|sf)\s*\{)~+"), r"\1", r"\mathrm{~s}_{t}", r"\mathrm{s}_{t}", ("latex",)),
    NormalForm("equality of programs", re.compile(r"(?<![=<>!:])==(?!=)"), "=", "z == w x", "z = w x"),
    NormalForm("names of functions as letters", APPLIED, _applied, r"y = tanh z + \log \text{tanh}", r"y = \operatorname{tanh} z + \log \text{tanh}", ("latex",)),
    NormalForm("transposes of programs", re.compile(r"(?<=[\w\])])\.T(?![\w(])"), "ᵀ", "dW = dz.T x", "dW = dzᵀ x", ("text",)),
    NormalForm("derivatives written upright", re.compile(r"\\(?:mathrm|text|operatorname|mathop|rm)\s*\{\s*d\s*\}"), "d", r"\frac{\mathrm{d} y}{\mathrm{d} x}", r"\frac{d y}{d x}", ("latex",)),
)  # fmt: skip


def normal(part: Located, notation: Notation) -> Located:
    """A formula in the one spelling."""
    for pair in PAIRS:
        if notation in pair.notations:
            part = pair.apply(part)
    return part
