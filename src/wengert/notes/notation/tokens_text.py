"""The tokenizer for plain Unicode (or ASCII) text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from fractions import Fraction

from wengert.errors import Fix
from wengert.notes.notation.names import BAR, GREEK, LOWERED, OVERLINE, RAISED
from wengert.notes.notation.tokens import Characters, Collector, Source, Token, number_value
from wengert.regex import regex

VULGAR = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5), "⅘": (4, 5),
    "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8), "⅐": (1, 7), "⅑": (1, 9), "⅒": (1, 10),
}  # fmt: skip

SIGNS: dict[str, tuple[str, str]] = {
    "+": ("op", "+"), "-": ("op", "-"), "−": ("op", "-"), "–": ("op", "-"), "‐": ("op", "-"),
    "·": ("op", "·"), "⋅": ("op", "·"), "∙": ("op", "·"), "•": ("op", "·"), "×": ("op", "×"), "*": ("op", "*"), "∗": ("op", "*"),
    "@": ("op", "@"),
    "∘": ("op", "∘"), "⊙": ("op", "∘"), "◦": ("op", "∘"), "/": ("op", "/"), "÷": ("op", "/"), "∕": ("op", "/"), "⁄": ("op", "/"),
    "=": ("rel", "="), "<": ("rel", "<"), ">": ("rel", ">"), "≤": ("rel", "≤"), "≥": ("rel", "≥"), "≠": ("rel", "≠"),
    "⩽": ("rel", "≤"), "⩾": ("rel", "≥"), "∈": ("rel", "∈"), "≔": ("rel", "="), "≜": ("rel", "="), "≡": ("rel", "="), "≝": ("rel", "="),
    "≈": ("rel", "≈"), "≃": ("rel", "≈"), "≅": ("rel", "≈"), "∼": ("rel", "~"), "∝": ("rel", "∝"),
    "⊂": ("rel", "⊂"), "⊆": ("rel", "⊂"), "≪": ("rel", "<"), "≫": ("rel", ">"),
    "(": ("open", "("), ")": ("close", ")"), "[": ("open", "["), "]": ("close", "]"), "⟦": ("open", "⟦"), "⟧": ("close", "⟧"), "⟨": ("open", "⟨"), "⟩": ("close", "⟩"),
    "{": ("open", "{"), "}": ("close", "}"), "_": ("sub", "_"), "^": ("sup", "^"), "|": ("bar", "|"), "∣": ("bar", "|"),
    "‖": ("norm", "‖"), "∥": ("norm", "‖"), "∑": ("big", "sum"), "Σ": ("big", "sum"), "∏": ("big", "prod"), "Π": ("big", "prod"),
    "√": ("root", "√"), "∂": ("partial", "∂"), "∇": ("nabla", "∇"), ",": ("comma", ","), ";": ("semicolon", ";"),
    ":": ("colon", ":"), "…": ("dots", "…"), "⋯": ("dots", "…"), "'": ("prime", "'"), "′": ("prime", "'"), "’": ("prime", "'"),
    "⋆": ("star", "⋆"), "★": ("star", "⋆"), "☆": ("star", "⋆"), "∧": ("and", "∧"), "𝟏": ("ones", "𝟏"), "𝟙": ("ones", "𝟏"),
    "←": ("arrow", "←"), "→": ("arrow", "→"), "⇒": ("arrow", "⇒"), "⇐": ("arrow", "⇐"), "↳": ("arrow", "↳"), "∴": ("arrow", "∴"),
    "∞": ("name", "∞"), "⊤": ("transpose", "ᵀ"), ".": ("dot", "."), "ℝ": ("name", "ℝ"),
}  # fmt: skip

PAIRS: dict[str, tuple[str, str]] = {
    "<=": ("rel", "≤"), ">=": ("rel", "≥"), "!=": ("rel", "≠"), "==": ("rel", "="), ":=": ("rel", "="), "+=": ("rel", "+="),
    "=\u0338": ("rel", "≠"), "||": ("norm", "‖"), "**": ("sup", "^"), ".*": ("op", "∘"), "./": ("op", "/"), ".^": ("sup", "^"),
}  # fmt: skip

SAME_LETTER = {"µ": "μ", "ϵ": "ε", "ϕ": "φ", "ϑ": "θ", "ϱ": "ρ", "ϖ": "π", "ς": "σ", "ϰ": "κ"}
"""Letters that differ in shape only."""

MODULE = regex(r"(?:np|jnp|numpy|torch)\.(?=[A-Za-z_]+\s*\()")
"""The module before a function of NumPy: np.sum(x)."""

CASE_WORDS = frozenset({"if", "otherwise", "else", "when"})
SUFFIX_MARKS = {"hat": "\u0302", "tilde": "\u0303"}


def tokenize(text: str, source: Source, offset: int = 0, places: Sequence[int] | None = None) -> list[Token]:
    """The tokens of plain text; `offset` is where the text stands in the source, `places` where its characters do."""
    return _TextReader(text, source, offset, places).run()


def remark_length(line: str) -> int:
    """How far a remark goes that a line begins with: up to its end, or to where an equation begins behind its words."""
    before, sign, _ = line.partition("=")
    return max(at for at, character in enumerate(before) if is_foreign(character)) + 1 if sign else len(line)


def is_foreign(character: str) -> bool:
    """Whether a letter belongs to a script that mathematics is not written in (Hangul, Han, Kana …): it begins a remark."""
    return character >= "\u0e00" and unicodedata.category(character)[0] == "L" and unicodedata.east_asian_width(character) in "WN" and (
        not "\u1d00" <= character <= "\u2fff" and not "\U0001d400" <= character <= "\U0001d7ff"
    )  # fmt: skip


OF_PROSE = frozenset("∀∃∄∴∵∎∙∷∶⋄⋆⋮⋯⋰⋱")
"""Mathematical signs that begin a remark."""


def is_operation(character: str) -> bool:
    """Whether a character is a mathematical sign between quantities or in front of them, such as ⊗, ± or ∫."""
    return (character in "±∓" or "∀" <= character <= "⋿" or "⨀" <= character <= "⫿") and character not in OF_PROSE


def is_digit(character: str) -> bool:
    """Whether the character is one of 0 … 9; ² and ₂ are digits to Python too."""
    return "0" <= character <= "9"


def is_letter(character: str) -> bool:
    """Whether the character can stand in a name."""
    return character.isalpha() and character not in RAISED and character not in LOWERED


class _TextReader:
    def __init__(self, text: str, source: Source, offset: int, places: Sequence[int] | None) -> None:
        self.characters = Characters(text, offset, places)
        self.text = self.characters.text
        self.source = source
        self.out = Collector(source)
        self.at = 0
        self.squares: list[str] = []  # the open square brackets, to tell ]] from ] ]

    def run(self) -> list[Token]:
        while self.at < len(self.text):
            self.step()
        return self.out.tokens

    def add(self, kind: str, text: str, length: int, **more: object) -> None:
        self.out.add(kind, text, self.characters.span(self.at, self.at + length), **more)
        self.at += length

    def step(self) -> None:
        text, at = self.text, self.at
        character = text[at]
        if character.isspace() or character in "\u200b\u2061\u2062\u2063\ufeff":
            self.white()
        elif character == "#":
            self.at = self.line_end()
        elif is_digit(character) or (character == "." and is_digit(text[at + 1 : at + 2])):
            self.number()
        elif character in VULGAR:
            self.add("num", character, 1, value=Fraction(*VULGAR[character]))
        elif character in RAISED or character == "⁽":
            self.raised()
        elif character in LOWERED:
            self.lowered()
        elif text[at : at + 2] in PAIRS:
            self.add(*PAIRS[text[at : at + 2]], 2)
        elif text.startswith("...", at):
            self.add("dots", "…", 3)
        elif character == "″":
            self.out.add("prime", "'", self.characters.span(at, at + 1))
            self.add("prime", "'", 1)
        elif character in "[]":
            self.square(character)
        elif character in SIGNS and not self.marked(at):
            self.sign(character)
        elif is_foreign(character):
            end = at + remark_length(text[at : self.line_end()])
            self.add("remark", text[at:end].strip(), end - at)
        elif is_letter(character):
            self.word()
        else:
            self.unknown(character)

    def marked(self, at: int) -> bool:
        """Whether a combining mark follows: Σ̄ is a letter with a bar, not a sum."""
        return at + 1 < len(self.text) and self.text[at] in "ΣΠ" and self.text[at + 1] in (BAR, OVERLINE)

    def white(self) -> None:
        start = self.at
        while self.at < len(self.text) and (
            self.text[self.at].isspace() or self.text[self.at] in "\u200b\u2061\u2062\u2063\ufeff"
        ):
            if self.text[self.at] == "\n":
                self.out.space = False
                self.add("newline", "\n", 1)
                self.out.space = True
                start = self.at
                continue
            self.at += 1
        last = self.out.tokens[-1].kind if self.out.tokens else "newline"
        gap = self.text[start : self.at]
        if (len(gap) > 1 or "\t" in gap) and last != "newline" and self.at < len(self.text):
            self.out.add("soft", "gap", self.characters.span(start, self.at))
        self.out.space = True

    def line_end(self) -> int:
        end = self.text.find("\n", self.at)
        return end if end >= 0 else len(self.text)

    def number(self) -> None:
        text, end = self.text, self.at
        while end < len(text) and is_digit(text[end]):
            end += 1
        if text[end : end + 1] == "." and is_digit(text[end + 1 : end + 2]):
            end += 1
            while end < len(text) and is_digit(text[end]):
                end += 1
        after = end + 1 + (text[end + 1 : end + 2] in ("-", "+", "−"))
        if text[end : end + 1] in ("e", "E") and is_digit(text[after : after + 1]):
            end = after
            while end < len(text) and is_digit(text[end]):
                end += 1
        digits = text[self.at : end].replace("−", "-")
        value = number_value(digits, self.source, self.characters.span(self.at, end))
        self.add("num", digits, end - self.at, value=value)

    def raised(self) -> None:
        """²  ⁻¹  ᵀ  ⁻ᵀ  ⁽¹⁾: a superscript as ^ and a group of plain tokens."""
        text, start = self.text, self.at
        if text[start] == "⁽":
            end = text.find("⁾", start)
            if end < 0:
                stop = next((k for k in range(start + 1, len(text)) if text[k] not in RAISED), len(text))
                label = self.characters.span(start, stop)
                raise self.source.error(
                    "The label bracket '⁽' is not closed.",
                    self.characters.span(start, start + 1),
                    "Write '⁾' after the label:  w⁽¹⁾",
                    Fix(label.end, label.end, "⁾") if stop > start + 1 else None,
                )
            self.script("sup", "(" + "".join(RAISED.get(c, c) for c in text[start + 1 : end]) + ")", start, end + 1)
        elif text[start] in "ᵀ⊤":
            self.script("sup", "ᵀ", start, start + 1)
        elif text[start : start + 2] == "⁻ᵀ":
            self.script("sup", "-ᵀ", start, start + 2)
        else:
            end = start
            while end < len(text) and text[end] in RAISED and text[end] != "ᵀ":
                end += 1
            if text[end : end + 1] == "ᵀ" and text[end - 1] == "⁻":
                end -= 1
            self.script("sup", "".join(RAISED[c] for c in text[start:end]), start, end)

    def lowered(self) -> None:
        start = end = self.at
        while end < len(self.text) and self.text[end] in LOWERED:
            end += 1
        self.script("sub", "".join(LOWERED[c] for c in self.text[start:end]), start, end)

    def script(self, kind: str, content: str, start: int, end: int) -> None:
        """A script written in raised or lowered signs, which all stand at the same place of the source."""
        span = self.characters.span(start, end)
        self.out.add(kind, "^" if kind == "sup" else "_", span)
        self.out.add("open", "{", span)
        for text in _pieces(content):
            if text in SIGNS and text != "*":
                self.out.add(*SIGNS[text], span)
            elif text.isdigit() and text.isascii():
                self.out.add("num", text, span, value=number_value(text, self.source, span))
            elif text == "ᵀ":
                self.out.add("transpose", "ᵀ", span)
            elif is_letter(text[0]):
                self.out.add("name", text, span)
            elif not text.isspace():
                raise self.source.error(
                    f"'{text}' cannot stand in a superscript.", span, "Write the script with '^( )' or '_{ }'."
                )
        self.out.add("close", "}", span)
        self.at = end

    def square(self, character: str) -> None:
        doubled = self.text[self.at : self.at + 2] == character * 2
        if character == "[":
            self.squares.append("[[" if doubled else "[")
            self.add(*(("open", "⟦") if doubled else ("open", "[")), 1 + doubled)
        elif self.squares and self.squares.pop() == "[[" and doubled:
            self.add("close", "⟧", 2)
        else:
            self.add("close", "]", 1)

    def sign(self, character: str) -> None:
        kind, text = SIGNS[character]
        if text == "." and self.out.space and self.text[self.at + 1 : self.at + 2] == " ":
            kind, text = "op", "·"  # the dot product in ASCII: x . y
        if character == "{" and not (self.out.tokens and self.out.tokens[-1].kind in ("sub", "sup")):
            text = "cases"
        if kind == "star" and not self.out.space and self.out.tokens and self.out.tokens[-1].kind in ("name", "close"):
            self.out.add("sup", "^", self.characters.span(self.at, self.at + 1))
        self.add(kind, text, 1, **({"font": "text"} if kind == "sup" else {}))

    def unknown(self, character: str) -> None:
        code = f"U+{ord(character):04X}"
        if unicodedata.category(character) in ("Cc", "Cn", "Co", "Cs") or character == "\ufffd":
            raise self.source.error(
                f"The text holds the character {code}, which is no text.",
                self.characters.span(self.at, self.at + 1),
                "Give a text file in UTF-8.",
            )
        if is_operation(character) and self.out.tokens and self.out.tokens[-1].kind != "newline":
            raise self.source.error(
                f"The sign '{character}' is not read.",
                self.characters.span(self.at, self.at + 1),
                "Write the operation out, or put remarks after '#'.",
            )
        if (
            unicodedata.category(character)[0] in "SP"
            and not character.isascii()
            and (self.out.space or not self.out.tokens)
        ):
            self.add("arrow", character, 1)  # a bullet or an arrow of the prose around the equations
            return
        raise self.source.error(
            f"'{character}' ({code}) is no sign that equations are read from.",
            self.characters.span(self.at, self.at + 1),
            "Leave it out, or put remarks after '#'.",
        )

    def word(self) -> None:
        """A run of letters with their accents and bars, and digits after the first letter."""
        if (module := MODULE.match(self.text, self.at)) is not None:
            self.at = module.end()
        text, end = self.text, self.at
        letters: list[_Letter] = []
        while end < len(text):
            start = end
            letter = is_letter(text[end]) and not is_foreign(text[end]) and (text[end] not in SIGNS or self.marked(end))
            if not letter and not (letters and is_digit(text[end])):
                break
            end += 1
            while end < len(text) and unicodedata.category(text[end]) in ("Mn", "Mc", "Me"):
                end += 1
            letters.append(_Letter.read(text[start:end], start, end))
        bars = [letter.bars for letter in letters if not letter.text.isdigit()]
        if len(set(bars)) == 1:
            self.one_word("".join(letter.text for letter in letters), letters, bars[0])
        else:  # z̄x: bars on some letters only; such a run cannot be one name
            for letter in letters:
                self.out.add(
                    "name",
                    letter.text,
                    self.characters.span(letter.start, letter.end),
                    bars=letter.bars,
                    bold=letter.bold,
                )
        self.at = end

    def one_word(self, word: str, letters: list[_Letter], bars: int) -> None:
        span = self.characters.span(self.at, letters[-1].end)
        in_script = bool(self.out.tokens) and self.out.tokens[-1].kind == "sub"
        if word in ("sum", "prod") and self.text[letters[-1].end : letters[-1].end + 1] == "_":
            self.out.add("big", word, span)
            return
        if word == "in" and self.text[letters[-1].end :].lstrip(" ")[:1] in ("R", "ℝ"):
            self.out.add("rel", "∈", span)
            return
        if word == "ones":
            self.out.add("ones", "𝟏", span)
            return
        if word == "dot" and self.between_factors(letters[-1].end):
            self.out.add("op", "·", span)
            return
        if not in_script:
            word, bars = ascii_letter(word, bars)
        self.out.add(
            "name",
            GREEK.get(word, word),
            span,
            bars=bars,
            bold=any(letter.bold for letter in letters),
            font=letters[0].font,
        )

    def between_factors(self, end: int) -> bool:
        """Whether a word stands between two factors, with blanks around it: u dot v."""
        before = self.out.tokens[-1].kind if self.out.tokens else ""
        after = self.text[end : end + 2]
        factor = len(after) == 2 and after[0] == " " and (is_letter(after[1]) or is_digit(after[1]) or after[1] in "([")
        return self.out.space and before in ("name", "num", "close") and factor


def ascii_letter(word: str, bars: int = 0) -> tuple[str, int]:
    """A letter spelled in ASCII with its bars: sigma, Xhat, zbar; other words stay as they are."""
    if len(word) > 3 and word.endswith("bar") and is_single(word[:-3]):
        word, bars = word[:-3], bars + 1
    for ending, mark in SUFFIX_MARKS.items():
        if word.endswith(ending) and is_single(word.removesuffix(ending)):
            word = GREEK.get(word.removesuffix(ending), word.removesuffix(ending)) + mark
    return GREEK.get(word, word), bars


def is_single(word: str) -> bool:
    """Whether the word names one letter: w, σ, sigma, Xhat."""
    for ending in SUFFIX_MARKS:
        word = word.removesuffix(ending) if len(word) > len(ending) else word
    return word in GREEK or len([c for c in word if not unicodedata.combining(c)]) == 1


def _pieces(content: str) -> list[str]:
    """A script's plain text as its signs; digits stay together."""
    out: list[str] = []
    for character in content:
        goes_on = unicodedata.combining(character) or (character.isdigit() and out[-1:] and out[-1].isdigit())
        if out and goes_on:
            out[-1] += character
        else:
            out.append(character)
    return out


class _Letter:
    """One letter of a word with its bars, accents and weight."""

    def __init__(self, text: str, start: int, end: int, bars: int, bold: bool, font: str) -> None:
        self.text, self.start, self.end, self.bars, self.bold, self.font = text, start, end, bars, bold, font

    @classmethod
    def read(cls, cluster: str, start: int, end: int) -> _Letter:
        letter, marks = cluster[0], cluster[1:]
        bold, font = False, ""
        if "\U0001d400" <= letter <= "\U0001d7ff" or ("\u2102" <= letter <= "\u2134" and letter not in "ℝℓ"):
            bold = "BOLD" in unicodedata.name(letter, "")
            font = (
                f"\\mathcal{{{unicodedata.normalize('NFKC', letter)}}}"
                if "SCRIPT" in unicodedata.name(letter, "")
                else ""
            )
            letter = unicodedata.normalize("NFKC", letter)
        letter = SAME_LETTER.get(letter, letter)
        bars = sum(mark in (BAR, OVERLINE) for mark in marks)
        accents = "".join(mark for mark in marks if mark not in (BAR, OVERLINE))
        if "\u20d7" in accents:  # the arrow of a vector is a spelling, as bold is
            bold, accents = True, accents.replace("\u20d7", "")
        return cls(letter + accents, start, end, bars, bold, font)
