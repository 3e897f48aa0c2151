"""The tokenizer for LaTeX mathematics."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Sequence
from fractions import Fraction

from wengert.errors import Fix
from wengert.notes.notation import latex_commands as commands
from wengert.notes.notation.latex_marks import settle_marks
from wengert.notes.notation.names import LETTER_WORDS
from wengert.notes.notation.symbols import FUNCTIONS, OTHER_SPELLINGS, words
from wengert.notes.notation.tokens import Characters, Collector, Source, Token, check_depth, number_value
from wengert.notes.notation.tokens_text import MODULE, SAME_LETTER, SIGNS, VULGAR, is_digit, is_foreign, is_letter
from wengert.regex import regex

PLAIN_SIGNS = {
    sign: token
    for sign, token in SIGNS.items()
    if sign not in "ΣΠ{}[]" and token[0] not in ("partial", "nabla", "root", "arrow")
} | {sign: SIGNS[sign] for sign in "∂∇[]∑∏"}

APPLIED_WORD = regex(r"([A-Za-z]{2,})(?=\s*(?:\\[bB]igg?l?|\\left)?\s*[(\[])")

PLAIN_WORD = regex(r"(for|where|with|since|because|if|otherwise|else|when)(?=[~\s\\}]|$)")
"""Words of a sentence that stand in a formula as they are."""
KEYWORD_ARGUMENT = regex(r"(axis|dim|keepdims?)(?=\s*=)")
MODULE_WORD = regex(r"^(?:np|jnp|numpy|torch)\.(?=[A-Za-z_]+$)")

SEPARATING_WORDS = frozenset(
    words(
        "and where with so then hence thus also or respectively resp et ou donc avec où und sowie oder also mit wobei och og ja "
        "и или где тогда 和 与 與 且 及 以及 或 其中 则 則 と や また および 及び ここで 및 와 과 그리고 여기서"
    )
)
"""Words that part two formulas of one row."""


def _is_applied(name: str) -> bool:
    """Whether a word is a function that is read without a backslash where a bracket follows: max(0, z)."""
    known = name in FUNCTIONS or name in OTHER_SPELLINGS
    return known and (len(name) > 2 or name in ("ln", "tr", "Tr")) and name.isascii() and name.isalpha()


def tokenize(text: str, source: Source, offset: int = 0, places: Sequence[int] | None = None) -> list[Token]:
    """The tokens of LaTeX mathematics; fonts, bars and accents are settled on the names that they stand over."""
    reader = _LatexReader(text, source, offset, places)
    while reader.at < len(reader.text):
        reader.step()
    check_depth(reader.out.tokens, source)
    return settle_marks(reader.out.tokens, source)


class _LatexReader:
    def __init__(self, text: str, source: Source, offset: int, places: Sequence[int] | None) -> None:
        self.characters = Characters(text, offset, places)
        self.text = self.characters.text
        self.source = source
        self.out = Collector(source)
        self.at = 0
        self.groups: list[int] = []  # the open braces, by token
        self.fractions: dict[int, int] = {}  # \frac by token: how many of its arguments have begun
        self.side = ""  # "<" after \left, ">" after \right: which side a | stands on

    def add(self, kind: str, text: str, length: int, **more: object) -> Token:
        token = self.out.add(kind, text, self.characters.span(self.at, self.at + length), **more)
        self.at += length
        return token

    def step(self) -> None:
        text, at = self.text, self.at
        character = text[at]
        if character == "\n":
            self.add("newline", "\n", 1)
            self.out.space = True
        elif character.isspace() or character == "~":
            self.at += 1
            self.out.space = True
        elif character == "%":
            end = text.find("\n", at)
            self.at = end if end >= 0 else len(text)
        elif character == "\\":
            self.command()
        elif character == "{":
            self.groups.append(len(self.out.tokens))
            self.add("open", "{", 1)
        elif character == "}":
            self.close_group()
        elif character == "$":
            self.add("hard", "$", 2 if text.startswith("$$", at) else 1)
        elif character == "&":
            self.add("amp", "&", 1)
        elif is_digit(character) or (character == "." and is_digit(text[at + 1 : at + 2])):
            self.number()
        elif character in VULGAR:
            self.add("num", character, 1, value=Fraction(*VULGAR[character]))
        elif text.startswith(("<=", ">=", "!=", ":=", "+="), at):
            self.add("rel", {"<=": "≤", ">=": "≥", "!=": "≠", ":=": "=", "+=": "+="}[text[at : at + 2]], 2)
        elif text.startswith("...", at):
            self.add("dots", "…", 3)
        elif character in PLAIN_SIGNS:
            kind, sign = PLAIN_SIGNS[character]
            self.add(kind, sign + self.side if kind in ("bar", "norm") else sign, 1)
            self.side = ""
        elif is_foreign(character):
            self.remark()
        elif is_letter(character):
            self.letter()
        else:
            raise self.source.error(
                f"'{character}' (U+{ord(character):04X}) is no sign that LaTeX equations are read from.",
                self.characters.span(at, at + 1),
                "Leave it out, or put it in '\\text{…}'.",
            )

    def close_group(self) -> None:
        """The end of a group; an empty script, as in \\sum_k^{}, and an empty group beside a sign, as in ={}, say nothing."""
        if self.groups:
            self.groups.pop()
        tokens = self.out.tokens
        empty = bool(tokens) and tokens[-1].text == "{"
        before = tokens[-2].kind if len(tokens) > 1 else "row"
        if empty and before in ("sub", "sup"):
            del tokens[-2:]
            self.at += 1
        elif empty and before in ("op", "rel", "amp", "row", "soft", "newline"):
            del tokens[-1]
            self.at += 1
        else:
            self.add("close", "}", 1)

    def remark(self) -> None:
        """Words of a language that is not written in these letters: a name within a group or under scripts, else up to an equation."""
        end = self.at
        while end < len(self.text) and (is_foreign(self.text[end]) or unicodedata.combining(self.text[end])):
            end += 1
        behind = self.text[end : end + 1]
        if self.groups or behind in ("_", "^") or behind.isalnum():
            self.add("name", self.text[self.at : end], end - self.at)
            return
        while end < len(self.text) and self.text[end] not in "\n\\&$}":
            end += 1
        before, sign, _ = self.text[self.at : end].partition("=")
        if sign or self.text[end : end + 1] == "\\":
            end = self.at + max(at for at, character in enumerate(before) if is_foreign(character)) + 1
        self.add("remark", self.text[self.at : end].strip(), end - self.at)

    def letter(self) -> None:
        if (module := MODULE.match(self.text, self.at)) is not None:
            self.at = module.end()
        if (keyword := KEYWORD_ARGUMENT.match(self.text, self.at)) is not None and self.behind_comma():
            self.add("name", keyword[1], len(keyword[1]))
            return
        if (plain := PLAIN_WORD.match(self.text, self.at)) is not None and self.behind_gap():
            self.add("name", plain[1], len(plain[1]))
            return
        word = APPLIED_WORD.match(self.text, self.at)
        if word is not None and _is_applied(word[1]) and not (self.at and self.text[self.at - 1].isalnum()):
            self.add("name", OTHER_SPELLINGS.get(word[1], word[1]), len(word[1]), font=f"\\operatorname{{{word[1]}}}")
            return
        end = self.at + 1
        while end < len(self.text) and unicodedata.category(self.text[end]) in ("Mn", "Mc", "Me"):
            end += 1
        marks = self.text[self.at + 1 : end]
        bars = sum(mark in "\u0304\u0305" for mark in marks)
        name = SAME_LETTER.get(self.text[self.at], self.text[self.at]) + "".join(
            m for m in marks if m not in "\u0304\u0305"
        )
        self.add("name", name, end - self.at, bars=bars)

    def behind_gap(self) -> bool:
        """Whether words may begin here: behind a comma, a gap, an & or on a new line."""
        tokens = self.out.tokens
        return not tokens or tokens[-1].kind in ("comma", "soft", "amp", "row", "hard", "newline")

    def behind_comma(self) -> bool:
        return bool(self.out.tokens) and self.out.tokens[-1].kind == "comma"

    def number(self) -> None:
        text, end = self.text, self.at + 1
        if text[self.at] == "." or not self.single():
            while end < len(text) and is_digit(text[end]):
                end += 1
            if text[self.at] != "." and text[end : end + 1] == "." and is_digit(text[end + 1 : end + 2]):
                end += 1
                while end < len(text) and is_digit(text[end]):
                    end += 1
        value = number_value(text[self.at : end], self.source, self.characters.span(self.at, end))
        self.add("num", text[self.at : end], end - self.at, value=value)

    def single(self) -> bool:
        """Whether TeX takes one digit here: after ^ and _, and for the arguments of \\frac12."""
        tokens = self.out.tokens
        if not tokens:
            return False
        if tokens[-1].kind in ("sub", "sup", "frac"):
            return True
        if tokens[-1].text == "}" and tokens[-1].kind == "close":
            depth, start = 0, len(tokens) - 1
            while start > 0:
                depth += (tokens[start].kind == "close") - (tokens[start].kind == "open")
                if depth == 0:
                    break
                start -= 1
            return start > 0 and tokens[start - 1].kind == "frac"
        return len(tokens) > 1 and tokens[-2].kind == "frac" and tokens[-1].kind in ("name", "num")

    # commands

    def command(self) -> None:
        text, at = self.text, self.at
        end = at + 1
        while end < len(text) and text[end].isascii() and text[end].isalpha():
            end += 1
        end = max(end, min(at + 2, len(text)))
        name = text[at + 1 : end]
        starred = text[end : end + 1] == "*" and name in ("operatorname", "tag", "hspace", "vspace")
        length = end + starred - at
        if name == "\\":
            self.row(length)
        elif name in commands.SPACES:
            self.at += length
            self.out.space = True
        elif name in ("begin", "end"):
            self.environment(name, length)
        elif name in commands.TEXTS:
            self.plain_text(name, length)
        elif name in commands.SKIPPED_WITH_ARGUMENT:
            self.skip_argument(name, length)
        elif name in ("mathrel", "stackrel", "overset"):
            self.relation(name, length)
        elif name in commands.FONTS:
            self.add("font", name, length)
        elif name in commands.ACCENTS:
            self.add("accent", commands.ACCENTS[name], length)
        elif name in commands.OLD_FONTS and self.out.tokens and self.out.tokens[-1].text == "{":
            self.out.tokens.insert(
                -1, Token("font", commands.OLD_FONTS[name], self.out.tokens[-1].span, self.out.tokens[-1].space)
            )
            self.at += length
        elif name in commands.SKIPPED:
            self.skip(name, length)
        else:
            self.symbol(name, length)

    def symbol(self, name: str, length: int) -> None:
        if name in commands.SIGNS:
            kind, sign = commands.SIGNS[name]
            self.add(kind, sign + self.side if sign in ("|", "‖") else sign, length)
            self.side = ""
        elif name in commands.LETTERS:
            letter = commands.LETTERS[name]
            spelling = "" if LETTER_WORDS.get(letter) == name and letter != "ℓ" else f"\\{name}"
            self.add("name", letter, length, font=spelling)
        elif (
            name == "max"
            and self.out.tokens
            and self.out.tokens[-1].text == "arg"
            and self.out.tokens[-1].kind == "name"
        ):
            self.out.tokens[-1].text = "argmax"
            self.at += length
        elif (
            name == "min"
            and self.out.tokens
            and self.out.tokens[-1].text == "arg"
            and self.out.tokens[-1].kind == "name"
        ):
            self.out.tokens[-1].text = "argmin"
            self.at += length
        elif name in commands.FUNCTION_WORDS:
            self.add("name", commands.FUNCTION_WORDS[name], length, font=f"\\{name}")
        elif name in ("%", "#", "&", "$"):
            raise self.source.error(
                f"'\\{name}' is no mathematical sign.", self.characters.span(self.at, self.at + length), "Leave it out."
            )
        else:
            near = difflib.get_close_matches(name, [k for k in commands.KNOWN if k.isalpha()], n=1)
            hint = f"Did you mean '\\{near[0]}'? " if near else ""
            span = self.characters.span(self.at, self.at + length)
            raise self.source.error(
                f"The LaTeX command '\\{name}' is not known.",
                span,
                hint + "A name of several letters is written '\\mathrm{name}', a function '\\operatorname{name}'.",
                Fix(span.start, span.end, f"\\{near[0]}") if near else None,
            )

    def skip(self, name: str, length: int) -> None:
        self.at += length
        if name in ("left", "right", "middle", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl", "Biggr"):
            self.side = "<" if name[-4:] == "left" or name[-1] == "l" else ">" if name != "middle" else ""
            while self.text[self.at : self.at + 1] == " ":
                self.at += 1
            if self.text[self.at : self.at + 1] == "." and name in ("left", "right"):
                self.add("open" if name == "left" else "close", ".", 1)  # an invisible partner
            if self.text[self.at : self.at + 1] not in ("|", "\\"):
                self.side = ""

    def row(self, length: int) -> None:
        self.add("row", "\\\\", length)
        if self.text[self.at : self.at + 1] == "[":
            end = self.text.find("]", self.at)
            inside = self.text[self.at + 1 : end].strip() if end > 0 else ""
            if inside.endswith(("pt", "em", "ex", "mm", "cm")) and len(inside) < 10:
                self.at = end + 1

    def raw_group(self, command: str) -> tuple[str, int]:
        """The text of the brace group after the current place, and where it ends; one sign if there is no brace."""
        text, start = self.text, self.at
        while start < len(text) and text[start].isspace():
            start += 1
        if text[start : start + 1] != "{":
            return text[start : start + 1], start + 1
        depth = 0
        for end in range(start, len(text)):
            if text[end] == "\\":
                continue
            if text[end] == "{" and text[end - 1] != "\\":
                depth += 1
            elif text[end] == "}" and text[end - 1] != "\\":
                depth -= 1
                if depth == 0:
                    return text[start + 1 : end], end + 1
        raise self.source.error(
            f"The brace after '\\{command}' is not closed.",
            self.characters.span(start, start + 1),
            "Add the missing '}'.",
        )

    def plain_text(self, name: str, length: int) -> None:
        start = self.at
        self.at += length
        content, end = self.raw_group(name)
        self.at = start
        word = MODULE_WORD.sub("", content.replace("\\,", "").replace("\\!", "").strip())
        compact = word.replace(" ", "") if name == "operatorname" else word
        more = {"font": f"\\{name}{{{word}}}"}
        if compact in OTHER_SPELLINGS or (name == "operatorname" and compact in ("argmax", "argmin")):
            self.add("name", OTHER_SPELLINGS.get(compact, compact), end - start, **more)
        elif not word:
            self.at = end
            self.out.space = True
        elif all(said in SEPARATING_WORDS for said in word.lower().replace(",", " ").replace(".", " ").split()):
            self.add("soft", "quad", end - start)
        elif _is_word(compact):
            self.add("name", compact, end - start, **more)
        else:
            self.add("remark", word, end - start)

    def skip_argument(self, name: str, length: int) -> None:
        self.at += length
        if name == "textcolor" or self.text[self.at : self.at + 1] in ("{", "[", " "):
            while self.text[self.at : self.at + 1] == " ":
                self.at += 1
            if self.text[self.at : self.at + 1] == "{":
                self.at = self.raw_group(name)[1]
        self.out.space = True

    def relation(self, name: str, length: int) -> None:
        """\\mathrel{+}= and \\stackrel{…}{=}."""
        start = self.at
        self.at += length
        content, end = self.raw_group(name)
        self.at = end
        if name == "mathrel":
            rest = self.text[end:].lstrip()
            if content.strip() == "+" and rest.startswith("="):
                end = len(self.text) - len(rest) + 1
                content = "+="
        else:
            content, end = self.raw_group(name)
        self.at = start
        if content.strip() not in ("=", "+=", ":="):
            raise self.source.error(
                f"'\\{name}' is read only around an equals sign.",
                self.characters.span(start, end),
                "Write '=' between the two sides.",
            )
        self.add("rel", content.strip().replace(":=", "="), end - start)

    def environment(self, command: str, length: int) -> None:
        start = self.at
        self.at += length
        name, end = self.raw_group(command)
        if name in ("alignat", "alignat*", "alignedat", "array") and command == "begin":
            self.at = end
            end = self.raw_group(name)[1]
        if (
            command == "begin"
            and self.text[end : end + 1] == "["
            and name in ("aligned", "gathered", "split", "multlined")
        ):
            end = self.text.find("]", end) + 1 or end
        self.at = start
        side = "open" if command == "begin" else "close"
        if name in commands.WRAPPERS:
            self.add("hard", name, end - start)
        elif name in commands.CASES:
            self.add(side, "cases", end - start)
        elif name in commands.MATRICES:
            self.add(side, "matrix", end - start)
        else:
            near = difflib.get_close_matches(name, [*commands.WRAPPERS, *commands.CASES, *commands.MATRICES], n=1)
            span = self.characters.span(start, min(end, len(self.text)))
            meant = self.source.text[span.start : span.end].replace(name, near[0]) if near else ""
            raise self.source.error(
                f"The environment '{name}' is not known.",
                span,
                f"Did you mean '{near[0]}'?" if near else "Use 'aligned', 'cases' or 'pmatrix'.",
                Fix(span.start, span.end, meant) if near else None,
            )


def _is_word(text: str) -> bool:
    """Whether plain text is one word that can name something (letters that mathematics uses, digits, joiners)."""
    plain = text.replace("_", "").replace("-", "")
    return bool(plain) and all(
        (is_letter(c) and not is_foreign(c)) or c.isdigit() or unicodedata.combining(c) for c in plain
    ) and (is_letter(plain[0]) or plain.isdigit())  # fmt: skip
