"""The token stream cut into equations: one chunk for each equation or declaration, with the remarks that stood beside it.

It looks at separators only (line ends, \\\\, commas, gaps) and at where the equals signs are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from wengert.notes.notation.beside import WORDY, is_equation_number, is_lone_word, is_long_word, is_shape, is_word
from wengert.notes.notation.expr import Span
from wengert.notes.notation.tokens import Source, Token
from wengert.notes.notation.tokens_text import CASE_WORDS

KEYWORDS = {
    "params": "params", "param": "params", "parameters": "params", "parameter": "params", "data": "data", "inputs": "data",
    "input": "data", "given": "data", "constants": "data", "assume": "assume", "assuming": "assume", "dialect": "dialect",
    "implicit": "implicit", "functions": "function", "function": "function",
}  # fmt: skip
"""Words that begin a declaration, and its kind."""

REMARK_WORDS = frozenset({"for", "where", "with", "using", "since", "because"})
HARD = frozenset({"newline", "row", "hard", "semicolon"})
RELATIONS = frozenset({"=", "+=", "∈"})
COMPARING = frozenset({"<", ">", "≤", "≥", "≠", "⊂"})
CUTTING = RELATIONS | {"≈"}
"""Relations that make a part an equation of its own."""
INDICES = "ijklmnpqrst"
CONTINUING = frozenset({"+", "·", "∘", "*", "/", "×"})


CONDITIONS = re.compile(
    r"\s*[(（]?\s*(?:for|if|when|since|because|using|by|via|given|at|as|over|such|unless|until|while|case|on|für|wenn|falls|weil|pour|si|car|quand|para|cuando|"
    r"для|если|при|когда|当|若|如果|对于|对|因为|由于|當|對|もし|ただし|のとき|만약|일 때)(?![A-Za-z])|.*(?:时|時|の場合|のとき|일 때|이면)\s*[,，]?$"
)
"""Words that state when an equation holds, or why."""
SAID = re.compile(r"[^\W\d_]")


def states(words: str) -> bool:
    """Whether words beside an equation state a condition or a reason rather than lead on to the next one."""
    return CONDITIONS.match(words.lower()) is not None or words.count("(") != words.count(")")


@dataclass
class Chunk:
    """The tokens of one equation, or of one declaration when `keyword` is set or its sign is ∈.

    aside  whether it is the reason of another, ∵ σ′ = σ (1 − σ): what goes on behind it goes on with what stood before
    apart  whether what stands before it is an equation that is taken for words, so that it goes on with nothing that is read
    """

    tokens: list[Token]
    notes: list[str] = field(default_factory=list[str])
    keyword: str = ""
    aside: bool = False
    apart: bool = False

    @property
    def span(self) -> Span:
        return Span(self.tokens[0].span.start, max(token.span.end for token in self.tokens))


Part = tuple[str, list[Token]]


def cut(tokens: list[Token], source: Source, syntax: str, warnings: list[str]) -> list[Chunk]:
    """The chunks of a token stream whose brackets are matched."""
    chunks: list[Chunk] = []
    lost = False
    for row in _rows(tokens, syntax):
        found = _Row(row, source, syntax, warnings).chunks()
        if found:
            found[0].apart = lost
            found[0].aside = row[0].kind == "arrow" and row[0].text == "∵"
        lost = not found and bool(relations(row))
        chunks.extend(found)
    return chunks


def relations(tokens: list[Token], signs: frozenset[str] = RELATIONS) -> list[int]:
    """Where the relation signs outside all brackets are."""
    found: list[int] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.kind == "rel" and token.text in signs and not (at and tokens[at - 1].kind in ("sub", "sup")):
            found.append(at)
        at += token.reach + 1 if token.kind == "open" else 1
    return found


def with_both_names(chunks: Sequence[Chunk]) -> list[Chunk]:
    """The chunks with ŷ = a = σ(z) as two equations, a = σ(z) and ŷ = a, where no other one defines a."""
    lefts = [tuple(t.text for t in chunk.tokens[: (relations(chunk.tokens) or [0])[0]]) for chunk in chunks]
    out: list[Chunk] = []
    for chunk in chunks:
        tokens, signs = chunk.tokens, relations(chunk.tokens)
        middle = tokens[signs[0] + 1 : signs[1]] if len(signs) > 1 else []
        named = _is_one_name(middle) and _is_one_name(tokens[: signs[0]]) and signs[0] > 0
        if named and tuple(t.text for t in middle) not in lefts and not any(t.bars for t in tokens[: signs[1]]):
            out.append(Chunk(tokens[signs[0] + 1 :]))
            tokens = tokens[: signs[1]]
        out.append(replace(chunk, tokens=tokens))
    return out


def _is_one_name(tokens: Sequence[Token]) -> bool:
    """Whether the tokens are a name with its scripts and nothing else."""
    if not tokens or tokens[0].kind != "name":
        return False
    at = 1
    while at < len(tokens) and tokens[at].kind in ("sub", "sup", "prime"):
        script = at + 1 < len(tokens) and tokens[at].kind != "prime"
        at += (2 + (tokens[at + 1].reach if tokens[at + 1].kind == "open" else 0)) if script else 1
    return at == len(tokens)


def _rows(tokens: list[Token], syntax: str) -> list[list[Token]]:
    """The stream cut at hard separators; a line that only goes on with the line before is joined to it."""
    rows: list[list[Token]] = [[]]
    joined_before = False
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.kind in HARD:
            soft_line_end = token.kind == "newline" and syntax == "latex"
            if rows[-1] and soft_line_end:
                rows[-1].append(Token("soft", "line", token.span))
            elif rows[-1]:
                rows.append([])
            at += 1
            continue
        step = token.reach + 1 if token.kind == "open" else 1
        if _holds_equations(tokens, at):
            rows.extend(([], *_rows(tokens[at + 1 : at + step - 1], syntax), []))
        else:
            rows[-1].extend(tokens[at : at + step])
        at += step
    out: list[list[Token]] = []
    for row in rows:
        row = _trim(row)
        if not row:
            continue
        goes_on = _goes_on(row, out)
        joined_before = bool(out) and out[-1][-1].kind in ("op", "rel") and not relations(row)
        if out and (goes_on or joined_before):
            out[-1].extend(row)
        else:
            out.append(row)
    return out


def _goes_on(row: list[Token], before: list[list[Token]]) -> bool:
    """Whether a row only goes on with the row before it: it begins with an operator. A minus sign may also begin a rule of dashes or
    a list of words."""
    if row[0].kind != "op" or relations(row):
        return False
    if row[0].text != "-":
        return row[0].text in CONTINUING
    said = any(token.kind != "op" for token in row) and not _is_prose(row)
    return said and bool(before) and bool(relations(before[-1]))


def _holds_equations(tokens: list[Token], at: int) -> bool:
    """Whether a group or an array here only arranges equations: \\boxed{y = x}, \\begin{array}{rcl} y &=& x \\end{array}."""
    opening = tokens[at]
    if opening.kind != "open" or opening.text not in ("{", "matrix"):
        return False
    alone = at == 0 or tokens[at - 1].kind in (*HARD, "amp", "arrow", "soft", "comma")
    return alone and bool(relations(tokens[at + 1 : at + opening.reach]))


def _trim(row: list[Token]) -> list[Token]:
    """The row without gaps and & at its ends, and without the full stop or comma at its end."""
    start, end = 0, len(row)
    while start < end and row[start].kind in ("soft", "amp", "comma", "dot"):
        start += 1
    while end > start and row[end - 1].kind in ("soft", "comma", "dot", "semicolon", "colon"):
        end -= 1
    while end > start and row[end - 1].kind == "amp":
        end -= 1
    return row[start:end]


class _Row:
    """One line of equations, which may hold several, with equation numbers and remarks."""

    def __init__(self, tokens: list[Token], source: Source, syntax: str, warnings: list[str]) -> None:
        self.tokens, self.source, self.syntax, self.warnings = tokens, source, syntax, warnings
        self.out: list[Chunk] = []
        self.current: list[Token] = []
        self.related = False  # whether `current` has an equals sign
        self.hangs = False  # whether a line of it ends with a sign of relation
        self.notes: list[str] = []

    def chunks(self) -> list[Chunk]:
        first = self.tokens[0]
        if self.words_lead_on():  # \text{by (3)} ⇒ a = b
            self.tokens = self.tokens[1:]
            return self.chunks()
        if first.kind == "arrow" or self.begins_with_number():  # ∴, ⇒ or (3) before an equation
            self.tokens = _trim(self.tokens[1 if first.kind == "arrow" else first.reach + 1 :])
            return self.chunks() if self.tokens else []
        self.tokens = _with_assignment(self.tokens)
        if self.is_declaration():
            return [Chunk(_plain(self.tokens), keyword=KEYWORDS[first.text])]
        for separator, part in self.parts():
            if part and not self.place(separator, part):
                break
        self.emit()
        return self.out

    def words_lead_on(self) -> bool:
        """Whether words stand in front and behind them an arrow with an equation."""
        if len(self.tokens) < 2 or self.tokens[0].kind != "remark" or self.tokens[1].kind != "arrow":
            return False
        return self.tokens[1].text in "→⇒⇔" and bool(relations(self.tokens))

    def begins_with_number(self) -> bool:
        """Whether an equation number stands in front: (3) z = w x."""
        end = self.tokens[0].reach + 1
        behind = self.tokens[end : end + 1]
        return (
            self.tokens[0].kind == "open"
            and bool(behind)
            and behind[0].kind not in ("op", "rel", "sup", "sub")
            and is_equation_number(self.tokens[:end])
        )

    def is_declaration(self) -> bool:
        first = self.tokens[0]
        if first.kind != "name" or first.text not in KEYWORDS or len(self.tokens) < 2:
            return False
        return self.tokens[1].kind not in ("rel", "sub", "sup") and (
            self.tokens[1].kind != "open" or first.text == "assume"
        )

    def parts(self) -> list[Part]:
        """The row cut at commas and gaps, the & of alignments removed."""
        parts: list[Part] = [("", [])]
        at = 0
        while at < len(self.tokens):
            token = self.tokens[at]
            if token.kind == "amp":
                doubled = at + 1 < len(self.tokens) and self.tokens[at + 1].kind == "amp"
                if doubled or self.begins_column(at, parts[-1][1]):
                    parts.append(("soft", []))
                at += 1 + doubled
            elif (token.kind == "arrow" and self.leads_on(at, parts)) or self.parts_equations(at):
                parts.append(("soft", []))
                at += 1
            elif token.kind in ("comma", "soft"):
                gap = token.text == "line"
                if token.kind == "soft" and not parts[-1][1]:
                    pass  # the comma of ', \quad' decides
                else:
                    parts.append(("comma" if token.kind == "comma" else "line" if gap else "soft", []))
                at += 1
            else:
                step = token.reach + 1 if token.kind == "open" else 1
                parts[-1][1].extend(self.tokens[at : at + step])
                at += step
        return _with_whole_ranges(parts)

    def leads_on(self, at: int, parts: list[Part]) -> bool:
        """Whether an arrow stands between two equations: z = w x → a = σ(z)."""
        if self.tokens[at].text not in "→⇒⇔" or not any(relations(part) for _, part in parts):
            return False
        following = self.tokens[at + 1 :]
        end = next((k for k, token in enumerate(following) if token.kind in ("arrow", "comma")), len(following))
        first = following[0] if following else self.tokens[at]
        return bool(relations(following[:end])) and first.text not in REMARK_WORDS and first.kind != "remark"

    def parts_equations(self, at: int) -> bool:
        """Whether words that state no condition stand before an equation: z = w x, 其中 a = σ(z)."""
        token = self.tokens[at]
        if token.kind != "remark" or token.text == "size of" or not SAID.search(token.text) or states(token.text):
            return False
        following = _trim(self.tokens[at + 1 :])
        end = next(
            (k for k, other in enumerate(following) if other.kind in ("remark", "comma", "soft")), len(following)
        )
        signs = relations(following[:end], CUTTING)
        return bool(signs) and signs[0] > 0

    def begins_column(self, at: int, before: list[Token]) -> bool:
        """Whether an & parts two columns: there is an equation before it, and the next & stands at a relation sign."""
        following = next((k for k in range(at + 1, len(self.tokens)) if self.tokens[k].kind == "amp"), len(self.tokens))
        ahead = self.tokens[following + 1 : following + 2]
        return bool(ahead) and ahead[0].kind == "rel" and following > at + 1 and bool(relations(before))

    def place(self, separator: str, part: list[Token]) -> bool:
        """Put one part where it belongs; False when the rest of the row is a remark."""
        if separator and is_equation_number(part):
            return True
        remark = self.remark_start(part, separator)
        if remark is not None:
            if remark:
                self.join(separator, _trim(part[:remark]))
            self.note(part[remark])
            return False
        if separator in ("soft", "comma") and self.related and is_lone_word(part):
            return True
        if separator and self.related and part[0].text in CASE_WORDS and part[0].font.startswith(WORDY):
            self.note_text(part)  # \quad\text{if } i = j
            return True
        opening = _remark_behind(part)
        if opening and (self.related or relations(part[:opening])):
            self.note_text(part[opening:])
            part = part[:opening]
        if separator and self.related and (_is_range(part) or _compares_indices(part)):
            self.note_text(part)
            return True
        if separator == "soft" and self.related and self.syntax == "text" and (is_shape(part) or is_long_word(part)):
            self.note_text(part)
            return True
        if separator == "soft" and self.current and _is_remark_in_brackets(part):
            self.note_text(part)
            return True
        self.join(separator, part)
        return True

    def join(self, separator: str, part: list[Token]) -> None:
        part = _trim(part)
        if not part:
            return
        begins_with_sign = part[0].kind == "rel" or (part[0].kind == "op" and part[0].text != "-")
        related = bool(relations(part, CUTTING))
        separate = related and (self.related or bool(separator and _compares(self.current))) and not begins_with_sign
        goes_on = (
            separator == "line" and part[-1].kind == "rel" and self.hangs
        )  # a chain with = at the ends of its lines
        if (
            self.current
            and separate
            and not goes_on
            and not (separator != "comma" and self.current[-1].kind in ("op", "rel"))
        ):
            self.emit()
        if self.current and separator == "comma":
            self.current.append(Token("comma", ",", Span(part[0].span.start - 1, part[0].span.start)))
        self.current.extend(part)
        self.related = self.related or related
        self.hangs = self.hangs or part[-1].kind == "rel"

    def emit(self) -> None:
        if self.current:
            self.out.append(Chunk(self.current, self.notes))
        elif self.notes and self.out:
            self.out[-1].notes.extend(self.notes)
        self.current, self.notes, self.related, self.hangs = [], [], False, False

    def remark_start(self, part: list[Token], separator: str) -> int | None:
        """Where a remark begins in this part, if there is one."""
        at = 0
        while at < len(part):
            token = part[at]
            if token.kind == "arrow" or (token.kind == "remark" and token.text != "size of"):
                return at
            if token.kind == "star" and not (at and part[at - 1].kind == "sup"):
                return at
            if token.kind == "name" and token.text in REMARK_WORDS and (at or self.current):
                return 0 if separator == "soft" and self.current and all(is_word(t) for t in part[:at]) else at
            at += token.reach + 1 if token.kind == "open" else 1
        if separator == "soft" and self.syntax == "text" and self.current and _is_prose(part):
            self.warnings.append(
                self.source.warning(
                    "The words after the gap are taken as a remark.",
                    Span(part[0].span.start, part[-1].span.end),
                    "Put remarks after '#', or write them with one space if they belong to the equation.",
                )
            )
            return 0
        return None

    def note(self, first: Token) -> None:
        text = self.source.text[first.span.start : max(self.tokens[-1].span.end, first.span.end)]
        self.notes.append(" ".join(text.split()))

    def note_text(self, part: list[Token]) -> None:
        self.notes.append(" ".join(self.source.text[part[0].span.start : part[-1].span.end].split()))


def _with_assignment(tokens: list[Token]) -> list[Token]:
    """The row with g ← a as g = a; after an equation an arrow begins a remark."""
    at = next((k for k, token in enumerate(tokens) if token.kind == "arrow"), 0)
    if at and tokens[at].text == "←" and at + 1 < len(tokens) and _is_one_name(tokens[:at]):
        return [*tokens[:at], replace(tokens[at], kind="rel", text="="), *tokens[at + 1 :]]
    return tokens


def _plain(tokens: list[Token]) -> list[Token]:
    return [token for token in tokens if token.kind not in ("soft", "amp")]


def _with_whole_ranges(parts: list[Part]) -> list[Part]:
    """The parts of a row, n = 1, …, N being one."""
    out: list[Part] = []
    for separator, part in parts:
        before = out[-1][1] if out else []
        goes_on = separator == "comma" and len(part) == 1 and _begins_range(before)
        if goes_on and (part[0].kind in ("dots", "num") or before[-1].kind == "dots"):
            out[-1] = (out[-1][0], [*before, *part])
        else:
            out.append((separator, list(part)))
    return out


def _begins_range(part: list[Token]) -> bool:
    """n = 1 and what may follow it in a range."""
    return (
        len(part) > 2
        and part[0].kind == "name"
        and len(part[0].text) == 1
        and part[1].kind == "rel"
        and part[1].text == "="
        and part[2].kind == "num"
        and all(token.kind in ("num", "dots") for token in part[3:])
    )


def _is_range(part: list[Token]) -> bool:
    """n = 1 2 … N: the range of a letter."""
    return any(token.kind == "dots" for token in part) and _begins_range(part[:3])


def _compares_indices(part: list[Token]) -> bool:
    """i ≠ j, or i = j of letters that are indices: for which of them an equation is meant."""
    part = _trim(part)
    if len(part) != 3 or part[1].kind != "rel" or part[1].text not in "=≠<>≤≥":
        return False
    ends = (part[0], part[2])
    letters = INDICES if part[1].text == "=" else INDICES + "abcd"
    return all(token.kind == "name" and len(token.text) == 1 and token.text in letters for token in ends)


def _compares(part: list[Token]) -> bool:
    """Whether a comparison stands outside of all brackets."""
    return bool(relations(part, COMPARING))


def _remark_behind(part: list[Token]) -> int:
    """Where a bracket with an equation in it begins that ends a part, set apart by a blank: z_i = w_i x (i = 1, …, n); 0 if none."""
    at = 0
    while at < len(part):
        end = at + part[at].reach + 1 if part[at].kind == "open" else at + 1
        if end == len(part) and at and part[at].kind == "open" and part[at].text == "(" and part[at].space:
            return at if relations(part[at + 1 : end - 1]) else 0
        at = end
    return 0


def _is_remark_in_brackets(part: list[Token]) -> bool:
    """(h_0 = 0), (over each row): a bracket that holds an equation or words."""
    if part[0].kind != "open" or part[0].text != "(" or part[0].reach != len(part) - 1:
        return False
    return bool(relations(part[1:-1])) or _is_prose(part[1:-1])


def _is_prose(part: list[Token]) -> bool:
    """Whether the tokens are words of a sentence rather than factors."""
    words = [t for t in part if is_word(t)]
    return len(words) >= 2 and not relations(part) and all(t.space for t in words[1:])
