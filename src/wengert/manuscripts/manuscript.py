"""A manuscript: forward equations, claims about their derivatives and prose, in the order in which an author wrote them.

It is cut into sections, each a system with the claims that follow it. What cannot be read stands apart with the reason; nothing
else is lost by it. It must not know derivatives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from wengert.elaboration.elaborate import elaborate
from wengert.errors import EquationError, GraphError, ShapeError, WengertError
from wengert.ir.system import System
from wengert.manuscripts.increments import added, increment
from wengert.manuscripts.joined_factors import joined_factors, with_factors_apart
from wengert.manuscripts.numpy_blocks import Code, NotJudged, code_blocks
from wengert.manuscripts.separate_lines import separate_lines
from wengert.notation.chunks import Chunk, relations
from wengert.notation.declarations import is_declaration
from wengert.notation.document import pieces
from wengert.notation.expr import Expr, Line, Ref, Span, walk
from wengert.notation.names import split
from wengert.notation.reader import Piece, Reading, chunks_of, read_chunks
from wengert.notation.scripts import clusters, next_script, spelled
from wengert.notation.symbols import LOSSES, Symbols
from wengert.notation.tokens import Source, Token

MAX_DROPPED = 20
"""So many lines of one system may not fit; beyond, the system as a whole is not read."""


@dataclass(frozen=True)
class Unread:
    """A part of the text that was not read: its place, the reason, what could be written instead, and where in it the reason lies."""

    span: Span
    reason: str
    repair: str
    at: Span


@dataclass(frozen=True, eq=False)
class Section:
    """A system, and the lines that say something about it, each with what the names in it are."""

    system: System
    claims: tuple[Line, ...]
    whole: bool = True
    """Whether all forward equations were read."""
    code: bool = False
    """Whether they are statements of a program."""
    told: str = ""
    """How names were read that can be read in several ways."""
    unread: tuple[Unread, ...] = ()
    """Statements of a program that are not read."""
    others: Callable[[], Iterator[Section]] = lambda: iter(())
    """Other ways to read the same program, the best first."""


@dataclass(frozen=True, eq=False)
class Manuscript:
    """What was found in a text."""

    sections: tuple[Section, ...]
    unread: tuple[Unread, ...]
    source: str


def read_manuscript(text: str) -> Manuscript:
    """The sections of a document of any prose language; a later system starts a section of its own.

    Raises EquationError where the text as a whole cannot be read, because it is too long.
    """
    return _Manuscript(text).read()


@dataclass
class _Open:
    """The section that is being read: its forward equations, then the claims."""

    forward: list[Chunk] = field(default_factory=list[Chunk])
    lefts: set[str] = field(default_factory=set[str])
    bases: set[str] = field(default_factory=set[str])
    """The names that they define, without scripts."""
    whole: bool = True
    lost: set[str] = field(default_factory=set[str])
    """The names on the left of lines that cannot be cut into signs."""
    words: set[str] = field(default_factory=set[str])
    """The names in the forward equations, as they are spelled."""
    reading: Reading | None = None
    system: System | None = None
    claims: list[Line] = field(default_factory=list[Line])
    own: list[Chunk] = field(default_factory=list[Chunk])
    """The lines for names of the author's own behind the last line about a signal."""
    left: list[Token] = field(default_factory=list[Token])
    """The left side of the last claim."""
    symbols: Symbols | None = None
    known: set[str] = field(default_factory=set[str])
    """The quantities of the system and those that claims have defined."""
    joined: set[str] = field(default_factory=set[str])
    """The words that are read as products of letters."""


class _Manuscript:
    def __init__(self, text: str) -> None:
        self.source = Source(text)
        self.unread: list[Unread] = []
        self.sections: list[Section] = []
        self.open = _Open()
        self.joined: frozenset[str] = frozenset()
        """The words that are products of letters."""
        self.goes_on = False
        """Whether an equals sign at the beginning of the next equation goes on with what was read before it."""

    def read(self) -> Manuscript:
        for chunk, syntax in self.chunks():
            self.syntax = syntax
            apart = with_factors_apart(chunk, self.joined) if syntax == "text" else chunk
            self.place(apart)
            if apart is not chunk:
                self.open.joined |= {token.text for token in chunk.tokens} & self.joined
        self.close()
        for code in code_blocks(self.source.text):
            if isinstance(code, NotJudged):
                self.leave(code.span, code.reason, code.repair)
            else:
                self.sections.append(section_of(code))
        order = sorted(self.unread, key=lambda unread: unread.span)
        return Manuscript(tuple(self.sections), tuple(order), self.source.text)

    def chunks(self) -> Iterator[tuple[Chunk, str]]:
        """The equations and declarations of the text with their syntax; a piece that has none is not read."""
        faults: list[EquationError] = []
        found_pieces = pieces(self.source.text, faults)
        self.joined = joined_factors(found_pieces, self.source)
        for error in faults:
            start = error.span[0] if error.span is not None else 0
            self.refuse(Span(start, start + len(self.source.text[start:].split("\n", 1)[0].rstrip())), error)
        for piece in found_pieces:
            place = piece.span(0, len(piece.text.rstrip()))
            try:
                found = chunks_of(piece, self.source, [])
            except EquationError:
                yield from self.line_by_line(piece)
                continue
            if not found and piece.text.strip():
                self.leave(place, "There is no equation here.", "Write:  name = expression")
            yield from ((chunk, piece.syntax) for chunk in found)

    def line_by_line(self, piece: Piece) -> Iterator[tuple[Chunk, str]]:
        """The equations of a piece in which some line cannot be cut into signs."""
        for line in separate_lines(piece):
            try:
                found = chunks_of(line, self.source, [])
            except EquationError as error:
                start = len(line.text) - len(line.text.lstrip(" \t\n&"))
                self.refuse(line.span(start, len(line.text.rstrip())), error)
                self.goes_on = False
                if self.open.system is None:
                    self.open.lost |= self.defined_by(line)
                continue
            yield from ((chunk, piece.syntax) for chunk in found)

    def defined_by(self, line: Piece) -> set[str]:
        """The name that a line would define of which only the left side can be cut into signs."""
        left, sign, right = line.text.partition("=")
        if not sign or not right:
            return set()
        try:
            chunks = chunks_of(replace(line, text=left + "=0"), self.source, [])
        except EquationError:
            return set()
        firsts = [chunk.tokens[0] for chunk in chunks if not is_signal(chunk.tokens)]
        return {token.text for token in firsts if token.kind == "name"}

    def refuse(self, span: Span, error: WengertError) -> None:
        """Keep why a part is not read, at the place that the error names within it."""
        self.unread.append(unread(span, error))

    def leave(self, span: Span, reason: str, repair: str) -> None:
        """Keep why a part is not read."""
        self.unread.append(Unread(span, reason, repair, span))

    # where a chunk belongs

    def place(self, chunk: Chunk) -> None:
        if is_declaration(chunk):
            self.declaration(chunk)
            return
        if not any(token.kind in ("name", "frac", "partial", "nabla", "num") for token in chunk.tokens):
            return  # a rule of dashes
        signs = relations(chunk.tokens)
        if not signs and self.is_prose(chunk.tokens):
            return
        if signs and signs[0] == 0 and not self.goes_on:
            self.leave(
                chunk.span,
                "This goes on with a line that is not read.",
                "Write the left side again:  name = expression",
            )
            return
        if signs and self.is_update(chunk.tokens, signs[0]):
            self.leave(
                chunk.span,
                "This gives a quantity a new value; it is no equation.",
                "Write the new value under another name, if it is to be judged.",
            )
            return
        claimed = (
            not signs
            or signs[0] == 0
            or self.is_derivative(chunk.tokens[signs[0] + 1 :])
            or (is_signal(chunk.tokens) and not self.is_mean(chunk.tokens) and not self.is_first_delta(chunk.tokens))
            or self.is_differential(chunk.tokens)
            or is_slope(chunk.tokens)
            or self.reads_signals(chunk.tokens[signs[0] :])
        )
        self.goes_on = self.claim(chunk) if claimed or not self.forward(chunk) else True

    def is_prose(self, tokens: Sequence[Token]) -> bool:
        """Whether these are words only, none of them a name in the equations."""
        words = [token for token in tokens if token.kind != "comma" and token.kind != "colon"]
        if len(words) < len(tokens) and all(t.kind in ("name", "comma", "colon", "num", "dot") for t in tokens):
            return True  # a label: 'a: input'
        return all(t.kind == "name" and len(t.text) > 1 and not t.bars for t in words) and not any(
            t.text in self.open.words for t in words
        )

    def is_update(self, tokens: Sequence[Token], sign: int) -> bool:
        """Whether w = w − η dw gives a known w a new value: its name, scripts and all, stands on both sides."""
        left = [token.text for token in tokens[:sign]]
        first, right = tokens[0], tokens[sign + 1 :]
        if first.kind != "name" or first.bars or first.text not in self.open.words or tokens[sign].text == "+=":
            return False
        scripts = ("sub", "sup", "prime")
        return any(
            [token.text for token in right[k : k + sign]] == left
            and right[k].kind == "name"
            and not right[k].bars
            and not (k and right[k - 1].kind in ("partial", "nabla", *scripts))
            and not (k + sign < len(right) and right[k + sign].kind in scripts)
            for k in range(len(right))
        )

    def is_derivative(self, tokens: Sequence[Token]) -> bool:
        """Whether a right side begins with a derivative of what is minimised: G = ∂L/∂Y."""
        above = [t for t in tokens[:4] if t.kind not in ("open", "partial", "frac") and t.text != "d"]
        first = tokens[0].kind if tokens else ""
        loss = bool(above) and (above[0].text.removeprefix("d") in LOSSES or above[0].text in self.open.bases)
        return first == "nabla" or (
            loss and (first == "partial" or (first == "frac" and any(t.text[:1] in ("∂", "d") for t in tokens[2:3])))
        )

    def is_mean(self, tokens: Sequence[Token]) -> bool:
        """Whether a first line such as x̄ = 1/N Σ_i x_i gives a mean the name x̄, the bar being an accent."""
        name = tokens[0].text
        summed = any(token.kind == "big" for token in tokens)
        again = any(token.text == name and token.kind == "name" and not token.bars for token in tokens)
        return not self.open.forward and self.open.system is None and summed and again

    def is_first_delta(self, tokens: Sequence[Token]) -> bool:
        """Whether a system begins with a line of a quantity that is called δ."""
        return tokens[0].text == "δ" and not (tokens[0].bars or self.open.forward or self.open.system is not None)

    def reads_signals(self, tokens: Sequence[Token]) -> bool:
        """Whether a right side holds error signals: dO of a quantity O in the equations, or ȳ of a y that one of them defines."""
        current = self.open
        for at, token in enumerate(tokens):
            if token.kind == "name" and token.bars and token.text in current.bases:
                return True
            word = token.text
            if token.kind == "name" and word == "d" and at + 1 < len(tokens) and not tokens[at + 1].space:
                word += tokens[at + 1].text if tokens[at + 1].kind == "name" else ""
            if token.kind == "name" and word[:1] == "d" and word not in current.words and word[1:] in current.bases:
                return True
        return False

    def is_differential(self, tokens: Sequence[Token]) -> bool:
        """Whether a line begins with a name such as dW, the error signal of a quantity in the equations before it."""
        first, *others = tokens
        word = first.text
        if word == "d" and others and others[0].kind == "name" and not others[0].space:
            word += others[0].text
        if first.kind != "name" or word[:1] != "d" or len(word) == 1 or word in self.open.words:
            return False
        return word[1:] in self.open.words or word[1:].swapcase() in self.open.words

    def declaration(self, chunk: Chunk) -> None:
        """A declaration belongs to the forward equations around it; after claims, to the system that they are about."""
        self.open.forward.append(chunk)
        if self.open.system is not None:
            self.elaborate()

    def forward(self, chunk: Chunk) -> bool:
        """Take an equation as a forward one; False where it says something about the system that is open already."""
        current = self.open
        left = left_name(chunk.tokens, self.source)
        if current.system is None:
            if left in current.lefts:
                return False
        elif self.is_another_loss(chunk, left):
            before = self.lines_of_loss(chunk)
            self.close()
            for other in before:
                self.forward(other)
            current = self.open
        elif self.belongs(chunk, left):
            return False
        else:
            self.close()
            current = self.open
        current.forward.append(chunk)
        current.lefts.add(left)
        if not chunk.tokens[0].bars:
            current.bases.add(chunk.tokens[0].text)
        current.words |= {token.text for token in chunk.tokens if token.kind == "name"}
        return True

    def is_another_loss(self, chunk: Chunk, left: str) -> bool:
        """Whether a line after claims says anew what is minimised: J of one system, then L of the next with the same data, or L_reg."""
        current = self.open
        assert current.system is not None
        named = split(current.system.loss).base in LOSSES
        return named and chunk.tokens[0].text in LOSSES and left not in current.known

    def lines_of_loss(self, chunk: Chunk) -> list[Chunk]:
        """The lines that a new loss reads: those for names of the author's own before it, which are claims no more, and where they
        read what the system computes its equations too."""
        current = self.open
        assert current.system is not None
        own = current.own
        current.claims = [line for line in current.claims if not any(line.span == other.span for other in own)]
        computed = {split(line.name).base for line in current.system.lines}
        reads = {token.text for line in (*own, chunk) for token in line.tokens if token.kind == "name"}
        return [*(current.forward if reads & computed else ()), *own]

    def belongs(self, chunk: Chunk, left: str) -> bool:
        """Whether a line after claims is about the open system: it reads only what is known there or what claims have used, and its
        left side has the rank that is known of it, or is new; or it defines what claims have used."""
        current = self.open
        assert current.system is not None
        try:
            (line,) = self.lines([chunk])
        except EquationError:
            return True
        if not isinstance(line.left, Ref):
            return True
        reads = {tree.name for right in line.rights for tree in walk(right) if isinstance(tree, Ref)}
        hidden = set(current.system.size_names) | {"e", "π"}
        names = {self.resolved(name) for name in reads} - hidden
        used = {t.name for c in current.claims for right in c.rights for t in walk(right) if isinstance(t, Ref)}
        if line.left.name in used - current.known:
            return True
        if not names <= current.known | used or not names:
            return not names
        quantity = current.system.quantities.get(self.resolved(line.left.name))
        return quantity is None or line.left.indices is None or len(line.left.indices) == quantity.type.rank

    def resolved(self, name: str) -> str:
        """The quantity of a name: itself, or the one of which it is the whole array or an entry."""
        assert self.open.system is not None
        for known, quantity in self.open.system.quantities.items():
            if name in (known, quantity.whole, quantity.indexed):
                return known
        return name

    # reading

    def lines(self, chunks: Sequence[Chunk]) -> tuple[Line, ...]:
        """Lines of the open section's system; that δ is the signal of some quantity is remembered.

        Raises EquationError.
        """
        current = self.open
        reading = read_chunks(chunks, self.source, self.syntax, current.symbols)
        if current.symbols is not None:
            current.symbols = replace(current.symbols, aliases=reading.symbols.aliases)
        return reading.lines

    def claim(self, chunk: Chunk) -> bool:
        """Read a line about the open system; False where it cannot be read."""
        if self.open.system is None:
            self.elaborate()
        current = self.open
        if current.system is None:
            self.leave(
                chunk.span,
                "There are no forward equations before this line.",
                "Give the equations that it is the derivative of first.",
            )
            return False
        if relations(chunk.tokens)[:1] == [0]:
            return self.continuation(chunk)
        try:
            (line,) = self.lines([chunk])
        except EquationError as error:
            self.refuse(chunk.span, error)
            return False
        current.left = chunk.tokens[: relations(chunk.tokens)[0]]
        current.claims.append(self.added_up(line))
        own, current.own = current.own, []
        if isinstance(line.left, Ref) and not line.left.barred:
            current.own = [*own, chunk]
            current.known.add(self.resolved(line.left.name))
            if current.symbols is not None:
                current.symbols = replace(current.symbols, names=current.symbols.names | {line.left.name})
        return True

    def added_up(self, line: Line) -> Line:
        """v̄ += b or v̄ = v̄ + b after v̄ = a is v̄ = a + b, which is judged as a whole where it ends."""
        claims = self.open.claims
        place = next((k for k, other in enumerate(claims) if other.left == line.left and len(other.rights) == 1), None)
        more = increment(line)
        if more is None or place is None:
            return line
        before = claims.pop(place)
        return replace(line, rights=(added(before.rights[0], more, line.rights[0]),), notes=before.notes)

    def continuation(self, chunk: Chunk) -> bool:
        """= c, after a = b."""
        current = self.open
        if not current.claims:
            self.leave(
                chunk.span, "This goes on with a forward equation.", "Write the left side again:  name = expression"
            )
            return False
        last = current.claims[-1]
        try:
            rights = self.right_sides(chunk)
        except EquationError as error:
            self.refuse(chunk.span, error)
            return False
        current.claims[-1] = replace(last, rights=(*last.rights, *rights), span=Span(last.span.start, chunk.span.end))
        return True

    def right_sides(self, chunk: Chunk) -> tuple[Expr, ...]:
        """The right sides of a continuation, read behind the left side that it goes on with, whose letters are theirs."""
        (line,) = self.lines([Chunk([*self.open.left, *chunk.tokens], chunk.notes)])
        return line.rights

    def elaborate(self) -> None:
        """The system of the forward equations; lines that do not fit are left out, each with the reason."""
        current = self.open
        dropped = 0
        while any(not is_declaration(chunk) for chunk in current.forward):
            try:
                reading = read_chunks(current.forward, self.source, self.syntax)
                current.system = elaborate(reading)
                break
            except RecursionError:
                error = self.source.error(
                    "These equations are too long to be read.",
                    current.forward[0].span,
                    "Give parts of them names of their own.",
                )
                self.refuse(Span(current.forward[0].span.start, current.forward[-1].span.end), error)
                current.forward = []
                return
            except (EquationError, GraphError, ShapeError) as error:
                wrong = self.culprit(error)
                dropped += 1
                if wrong is None or dropped > MAX_DROPPED:
                    whole = Span(current.forward[0].span.start, current.forward[-1].span.end)
                    self.refuse(whole, error)
                    current.forward = []
                    return
                self.refuse(wrong.span, error)
                current.forward.remove(wrong)
                current.whole = False
        if current.system is None:
            return
        system = current.system = with_named_loss(current.system)
        current.reading, symbols = system.reading, system.reading.symbols
        others = (name for name in symbols.assigned if name != system.loss)
        ends = symbols.ends | set(system.size_names)
        current.symbols = replace(symbols, assigned=(*others, system.loss), ends=ends)
        current.known |= set(system.quantities)
        inputs = {split(name).base for name in system.quantities if not system.defines(name)}
        current.whole = current.whole and not current.lost & inputs

    def take_ranks(self) -> None:
        """Read the forward equations again with the numbers of axes that entries in the claims show: w_jk after z = w x + b."""
        current = self.open
        assert current.system is not None
        ranks: dict[str, int] = {}
        for tree in (t for line in current.claims for side in (line.left, *line.rights) for t in walk(side)):
            if isinstance(tree, Ref) and tree.indices:
                name = self.resolved(tree.name)
                known = current.system.quantities.get(name)
                if known is not None and known.type.rank < len(tree.indices):
                    ranks[name] = max(len(tree.indices), ranks.get(name, 0))
        if not ranks:
            return
        try:
            again = elaborate(read_chunks(current.forward, self.source, self.syntax), ranks)
            current.system = with_named_loss(again)
        except (EquationError, GraphError, ShapeError, RecursionError):
            return  # the entries will not fit, and the claims say so

    def culprit(self, error: WengertError) -> Chunk | None:
        """The equation in which an error is."""
        if not isinstance(error, EquationError) or error.span is None:
            return None
        return next((c for c in self.open.forward if c.span.start <= error.span[0] < c.span.end), None)

    def close(self) -> None:
        """The open section is complete."""
        if self.open.system is None:
            self.elaborate()
        if self.open.system is not None:
            self.take_ranks()
            told = "; ".join(f"{word} read as {' '.join(clusters(word))}" for word in sorted(self.open.joined))
            self.sections.append(Section(self.open.system, tuple(self.open.claims), self.open.whole, told=told))
        self.open = _Open()


def section_of(code: Code) -> Section:
    """A program that was read, with the other ways to read it."""
    unread = tuple(Unread(each.span, each.reason, each.repair, each.span) for each in code.unread)
    system = with_named_loss(code.system)
    return Section(
        system, tuple(code.claims), code.whole, True, code.told, unread, lambda: map(section_of, code.others())
    )


def with_named_loss(system: System) -> System:
    """The system whose loss is L, ℓ, J …, where one such line is a number that nothing reads; p = softmax(z) may then stand after it."""
    named = [
        name
        for name, quantity in system.quantities.items()
        if split(name).base in LOSSES and system.defines(name) and not quantity.type.rank and not system.children(name)
    ]
    return replace(system, loss=named[0]) if len(named) == 1 and split(system.loss).base not in LOSSES else system


def unread(span: Span, error: WengertError) -> Unread:
    """Why a part is not read, at the place that the error names within it."""
    place = Span(*error.span) if isinstance(error, EquationError) and error.span is not None else span
    inside = span.start <= place.start < place.end <= span.end
    return Unread(span, error.what, error.repair, place if inside else span)


def is_signal(tokens: Sequence[Token]) -> bool:
    """Whether a line begins with an error signal or a derivative: v̄, ∂L/∂v, ∇_v L, d/dv (…), δ, or minus one."""
    first = tokens[1] if tokens[0].text == "-" and len(tokens) > 1 else tokens[0]
    if [token.text[:1] for token in tokens[:3]] == ["d", "/", "d"] and tokens[0].text == "d":
        return True
    return first.kind in ("frac", "partial", "nabla") or (
        first.kind == "name" and (first.bars > 0 or first.text == "δ")
    )


def is_slope(tokens: Sequence[Token]) -> bool:
    """Whether a line begins with the derivative of a function: σ'(z) = …"""
    kinds = [token.kind for token in tokens]
    at = next((k for k, kind in enumerate(kinds[1:], 1) if kind != "prime"), 0)
    if kinds[0] != "name" or at < 2 or kinds[at] != "open":
        return False
    return relations(list(tokens))[:1] == [at + tokens[at].reach + 1]


def left_name(tokens: list[Token], source: Source) -> str:
    """The name on the left of an equation with its scripts, as they are spelled: enough to see that a line defines it again."""
    first = tokens[0]
    name = first.text if first.kind == "name" else ""
    try:
        script = next_script(tokens, 1, source)
        while name and script is not None:
            name += {"sub": "_", "sup": "^", "prime": ""}[script.kind] + spelled(script.content)
            script = next_script(tokens, script.end, source)
    except EquationError:
        return ""  # reading the line as a whole will say what is wrong with it
    return name
