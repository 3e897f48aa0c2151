"""Where the formulas of a document stand: displays, formulas within sentences, fences, blocks of code; and where its sections begin.

One pass over the text, each mark with its own end. It must not know what a formula says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from wengert.notes.notation.expr import Span
from wengert.notes.notation.latex_commands import WRAPPERS
from wengert.notes.notation.reader import guess_syntax
from wengert.notes.notation.unmarked_blocks import holds_equations
from wengert.notes.reading.formats import Format
from wengert.notes.reading.normal import Notation

Kind = Literal["display", "inline", "text", "code"]

FENCE_NOTATION: dict[str, Notation] = {
    "math": "latex", "latex": "latex", "tex": "latex", "text": "text", "equations": "text", "wengert": "text",
}  # fmt: skip
ENVIRONMENTS = "|".join(
    sorted((re.escape(name) for name in WRAPPERS - {"document", "split", "subequations"}), key=len, reverse=True)
)
QUOTING = r"verbatim\*?|Verbatim|lstlisting|minted|comment|tikzpicture|filecontents\*?|algorithm\*?|algorithmic"
TASKS = "exercise|example|problem|question|task|aufgabe|beispiel|задача|пример"
"""What parts a text into pieces that use its letters again."""
LENGTH = r"\s*-?[\d.]+\s*(?:pt|em|ex|mm|cm|in)\b"
MARK = re.compile(
    rf"""(?P<math><script[ ]type=[\"']math/tex(?P<mode>;[ ]*mode=display)?[^>\n]*>)
    | (?P<quoted><!--|<(?P<tag>pre|style|script|code)\b[^>\n]*>|\{{%-?[ ]*highlight\b|\\begin\{{(?P<verbatim>{QUOTING})\}})
    | ^[ \t]*(?:>[ \t]?)*(?P<fence>`{{3,}}|~{{3,}})[ \t]*(?:\{{?[.=]?(?P<language>[\w+-]*))?[^\n]*(?:\n|\Z)
    | (?P<github>(?<![\\$])\$`(?=[^`\n]+`\$)) | (?P<code>`+)
    | (?<!\\)\\begin\{{(?P<environment>{ENVIRONMENTS})\}}
    | (?P<bracket>(?<!\\)\\{{1,2}}\[(?!{LENGTH})) | (?P<round>(?<!\\)\\{{1,2}}\()
    | (?P<dollars>(?<!\\)\$\$) | (?P<escaped>\\\$) | (?P<dollar>\$)
    | ^[ ]{{0,3}}\#{{1,6}}[ \t]+(?P<heading>[^\n]+)
    | ^(?P<underlined>[^\s=\\$][^\n=\\$]*)\n(?:={{3,}}|-{{3,}}|~{{3,}}|\^{{3,}})[ \t]*$
    | ^[ \t]*[*_]{{0,3}}(?P<step>(?:(?:step|part|section|chapter|{TASKS})[ ]|例题?[ ]?|예제[ ]?|문제[ ]?)\d[^\n=]*)$
    | \\begin\{{(?P<task>[a-z]*(?:{TASKS})\*?)\}}
    | \\(?:part|chapter|(?:sub)*section|paragraph)\*?\s*(?:\[[^\]\n]*\])?\{{(?P<section>[^{{}}\n]*)""",
    re.MULTILINE | re.VERBOSE | re.IGNORECASE,
)
HEADINGS = ("heading", "underlined", "section", "task", "step")
BLANK_LINE = re.compile(r"\n[ \t>]*\n")
INLINE = re.compile(r"[^$]*?(?=\$)")
COMMENT = re.compile(r"(?<!\\)%[^\n]*")
COMMENT_LINE = re.compile(r"^[ \t]*%[^\n]*", re.MULTILINE)
FRONT_MATTER = re.compile(r"\A---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*\n", re.DOTALL)
WORD = re.compile(r"[^\W\d_]{2,}")
FORMULA = re.compile(r"\$\$?[^$]*\$\$?")
AMOUNT = re.compile(r"\d[\d.,]*(?:\s+[^\W\d_]{2,}.*)?", re.DOTALL)
MAX_LINES = 4
MAX_INLINE = 4000
"""So many lines, and characters, a formula within a sentence may have."""
NEAR = 160
"""So many characters beside a formula are its words."""


@dataclass(frozen=True)
class Block:
    """A part of the text that holds formulas or code: characters start … end − 1 of it."""

    start: int
    end: int
    kind: Kind
    notation: Notation
    outer: Span
    """The same with its marks."""
    language: str = ""


@dataclass
class Layout:
    """The blocks of a text in order, its headings, displays that are not closed with what would close them; and what is left out."""

    text: str = ""
    """The text with blanks for comments."""
    blocks: list[Block] = field(default_factory=list[Block])
    headings: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    unclosed: list[tuple[Span, str]] = field(default_factory=list[tuple[Span, str]])
    quoted: list[Span] = field(default_factory=list[Span])
    fenced: bool = False


def layout(text: str, format: Format) -> Layout:
    """Where the formulas of a text stand, and its headings."""
    return _Scan(without_comments(text, format), format).run()


def without_comments(text: str, format: Format) -> str:
    """The text with blanks for comments of LaTeX and for the head of a page."""
    comment = COMMENT if format == "latex" else COMMENT_LINE
    text = comment.sub(lambda found: " " * len(found.group()), text)
    return FRONT_MATTER.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


class _Scan:
    def __init__(self, text: str, format: Format) -> None:
        self.text, self.format = text, format
        self.out = Layout(text)
        self.absent: set[str] = set()
        """What does not occur in the rest of the text."""
        self.odd = len(re.findall(r"(?<!\\)\$\$", text)) % 2 == 1
        begin = text.find(r"\begin{document}") if format == "latex" else -1
        self.at = max(begin, 0)

    def run(self) -> Layout:
        while (mark := MARK.search(self.text, self.at)) is not None:
            self.at = max(self.mark(mark), mark.start() + 1)
        return replace(self.out, blocks=sorted(self.out.blocks, key=lambda block: block.start))

    def mark(self, mark: re.Match[str]) -> int:
        """What begins at a mark, taken down; where to go on."""
        latex = self.format == "latex"
        if mark["math"]:
            end = self.find("</script>", mark.end())
            inline = mark["mode"] is None
            return mark.end() if end < 0 else self.add(mark, mark.end(), end, end + 9, "latex", inline=inline)
        if mark["quoted"]:
            return self.quoted(mark)
        if any(mark[name] for name in HEADINGS):
            if bool(mark["section"] or mark["task"]) == latex and (not mark["heading"] or self.format == "markdown"):
                self.out.headings.append((mark.start(), next(filter(None, map(mark.group, HEADINGS))).strip(" #")))
            return mark.end() if not mark["heading"] else mark.start("heading")
        if mark["fence"]:
            return mark.end() if latex else self.fence(mark)
        if mark["github"]:
            end = self.text.find("`$", mark.end())
            return self.add(mark, mark.end(), end, end + 2, "latex", inline=True)
        if mark["code"]:
            return mark.end() if latex else self.code(mark)
        if mark["environment"]:
            return self.environment(mark)
        if mark["escaped"]:
            return mark.end()
        return self.dollar(mark) if mark["dollar"] else self.display(mark)

    def find(self, sign: str, at: int) -> int:
        """Where a sign stands next, −1 if nowhere; what is absent once is not looked for again."""
        if sign in self.absent:
            return -1
        found = self.text.find(sign, at)
        if found < 0:
            self.absent.add(sign)
        return found

    def quoted(self, mark: re.Match[str]) -> int:
        """Text that is left out, or code of a page."""
        tag, verbatim = mark["tag"], mark["verbatim"]
        closing = (
            f"</{tag}>"
            if tag
            else rf"\end{{{verbatim}}}"
            if verbatim
            else "-->"
            if mark["quoted"] == "<!--"
            else "endhighlight"
        )
        end = self.find(closing, mark.end())
        if end < 0:
            return mark.end()
        self.out.quoted.append(Span(mark.start(), end + len(closing)))
        if tag == "pre" or verbatim in ("lstlisting", "minted", "verbatim") or closing == "endhighlight":
            self.out.blocks.append(Block(mark.end(), end, "code", "text", Span(mark.start(), end + len(closing))))
        return end + len(closing)

    def fence(self, mark: re.Match[str]) -> int:
        self.out.fenced = True
        sign, language = mark["fence"], (mark["language"] or "").lower()
        closing = re.compile(rf"^[ \t>]*{re.escape(sign)}[`~]*[ \t]*$", re.MULTILINE).search(self.text, mark.end())
        end, after = (len(self.text),) * 2 if closing is None else closing.span()
        block = self.text[mark.end() : end]
        notation = FENCE_NOTATION.get(language)
        if not language and holds_equations(block):
            notation = "latex" if guess_syntax(block) == "latex" else "text"
        kind: Kind = "code" if notation is None else "display"
        self.out.blocks.append(Block(mark.end(), end, kind, notation or "text", Span(mark.start(), after), language))
        return after

    def code(self, mark: re.Match[str]) -> int:
        """Code within a line; a formula if an equation stands in it."""
        line = self.text.find("\n", mark.end())
        end = self.text.find(mark["code"], mark.end(), line if line >= 0 else len(self.text))
        if end < 0:
            return mark.end()
        inside = self.text[mark.end() : end]
        if "=" in inside and holds_equations(inside):
            return self.add(mark, mark.end(), end, end + len(mark["code"]), "text", inline=True)
        after = end + len(mark["code"])
        self.out.blocks.append(Block(mark.end(), end, "code", "text", Span(mark.start(), after)))
        return after

    def environment(self, mark: re.Match[str]) -> int:
        closing = rf"\end{{{mark['environment']}}}"
        end = self.find(closing, mark.end())
        if end < 0:
            return self.open_end(mark, closing)
        after = end + len(closing)
        return self.add(mark, mark.start(), after, after, "latex", inline=mark["environment"] == "math")

    def display(self, mark: re.Match[str]) -> int:
        """$$…$$, \\[…\\] and \\(…\\)."""
        sign = mark.group()
        closing = "$$" if sign == "$$" else sign.replace("[", "]").replace("(", ")")
        if mark["round"]:
            end = self.text.find(closing, mark.end(), mark.end() + MAX_INLINE)
            if end < 0 or BLANK_LINE.search(self.text, mark.end(), end) is not None:
                return mark.end()
        else:
            end = self.find(closing, mark.end())
        if end < 0 or (self.odd and sign == "$$" and BLANK_LINE.search(self.text, mark.end(), end) is not None):
            return self.open_end(mark, closing)
        inline = bool(mark["round"]) or (sign == "$$" and self.in_sentence(mark.start(), end + 2))
        return self.add(mark, mark.end(), end, end + len(closing), "latex", inline=inline)

    def open_end(self, mark: re.Match[str], closing: str) -> int:
        """A display that is not closed ends at the next blank line."""
        self.out.unclosed.append((Span(mark.start(), mark.end()), closing))
        blank = BLANK_LINE.search(self.text, mark.end())
        end = len(self.text) if blank is None else blank.end()
        self.out.quoted.append(Span(mark.start(), end))
        return end

    def dollar(self, mark: re.Match[str]) -> int:
        found = INLINE.match(self.text, mark.end(), mark.end() + MAX_INLINE)
        if found is None:
            return mark.end()
        inside = found.group()
        amount = self.format != "latex" and AMOUNT.fullmatch(inside) is not None and "=" not in inside and " " in inside
        if (
            not inside.strip()
            or amount
            or inside.count("\n") >= MAX_LINES
            or BLANK_LINE.search(inside)
            or inside.endswith("\\")
        ):
            return mark.end()
        return self.add(mark, mark.end(), found.end(), found.end() + 1, "latex", inline=True)

    def in_sentence(self, start: int, end: int) -> bool:
        """Whether a sentence goes on behind a formula: in its line, or in the next one where words stand before it."""
        before = self.text[max(self.text.rfind("\n", max(start - NEAR, 0), start) + 1, start - NEAR) : start]
        line = self.text.find("\n", end, end + NEAR)
        behind = self.text[end : line if line >= 0 else end + NEAR]
        if WORD.search(FORMULA.sub(" ", behind)) is not None:
            return True
        said = WORD.search(FORMULA.sub(" ", before)) is not None
        return said and line >= 0 and (bool(behind.strip(" .;:\r")) or self.text[line + 1 : line + 2].islower())

    def add(self, mark: re.Match[str], start: int, end: int, after: int, notation: Notation, *, inline: bool) -> int:
        kind: Kind = "inline" if inline else "display"
        if self.text[start:end].strip():
            self.out.blocks.append(Block(start, end, kind, notation, Span(mark.start(), after)))
        return after


def outside(found: Layout) -> str:
    """The text with what stands in blocks, or is left out, taken out: a sign instead that no word or formula goes over."""
    out: list[str] = []
    at = 0
    for span in sorted([*(block.outer for block in found.blocks), *found.quoted]):
        if span.start < at:
            continue
        taken = found.text[span.start : span.end]
        out += [found.text[at : span.start], "".join("\n" if sign == "\n" else "\0" for sign in taken)]
        at = span.end
    out.append(found.text[at:])
    return "".join(out)


def words_beside(text: str, block: Block) -> tuple[str, str]:
    """The words before a formula and behind it, as far as its sentence or paragraph goes."""
    before = text[max(block.outer.start - NEAR, 0) : block.outer.start].split("\n\n")[-1]
    behind = text[block.outer.end : block.outer.end + NEAR].split("\n\n")[0]
    before = re.split(r"[.!?。]\s|\0", before)[-1]
    behind = re.split(r"[.!?。](?:\s|$)|\0", behind)[0]
    return " ".join(before.split()), " ".join(behind.split())


def numbered(blocks: list[Block], headings: list[tuple[int, str]]) -> Iterator[tuple[int, Block]]:
    """Each block with the number of headings before it."""
    section = 0
    for block in blocks:
        while section < len(headings) and headings[section][0] <= block.start:
            section += 1
        yield section, block
