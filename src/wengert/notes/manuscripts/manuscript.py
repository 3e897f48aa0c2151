"""A manuscript: forward equations, claims about their derivatives and prose, in the order in which an author wrote them.

It is cut into sections, each a system with the claims that follow it. What cannot be read stands apart with the reason; nothing
else is lost by it. It must not know derivatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wengert.errors import EquationError, GraphError, ShapeError, WengertError
from wengert.notes.elaboration.elaborate import elaborate
from wengert.notes.elaboration.identity_matrices import identities
from wengert.notes.elaboration.left_out_steps import at_steps, left_out_steps, tell_of_steps, with_left_out_steps
from wengert.notes.manuscripts.increments import added, increment
from wengert.notes.manuscripts.joined_factors import joined_factors, with_factors_apart
from wengert.notes.manuscripts.line_kinds import (
    is_derivative,
    is_differential,
    is_first_delta,
    is_mean,
    is_prose,
    is_signal,
    is_slope,
    reads_signals,
)
from wengert.notes.manuscripts.numpy_blocks import NotJudged, code_blocks
from wengert.notes.manuscripts.sections import (
    Manuscript,
    OpenSection,
    SystemSection,
    Unread,
    section_of,
    unread,
    with_named_loss,
)
from wengert.notes.notation.chunks import Chunk, relations
from wengert.notes.notation.declarations import is_declaration
from wengert.notes.notation.expr import Expr, Line, Ref, Span, refs_of, walk
from wengert.notes.notation.names import split
from wengert.notes.notation.reader import Passage, chunks_of, read_chunks
from wengert.notes.notation.scripts import clusters, next_script, spelled
from wengert.notes.notation.symbols import LOSSES
from wengert.notes.notation.tokens import Source, Token
from wengert.notes.notation.unicode import show
from wengert.notes.reading.selection import selections
from wengert.notes.reading.story import Statement, Story

NEARLY = frozenset({"≈", "~", "∝"})
MAX_DROPPED = 20
"""So many lines of one system may not fit; beyond, the system as a whole is not read."""


def manuscript_of(story: Story) -> Manuscript:
    """The sections of a document that was cut into statements: of formulas set apart, or of those in sentences where these define nothing."""
    first: Manuscript | None = None
    for statements in selections(story):
        found = _Manuscript(story).read(statements)
        if found.sections:
            return found
        first = first or found
    return first or Manuscript((), (), story.text)


class _Manuscript:
    def __init__(self, story: Story) -> None:
        self.story = story
        self.source = Source(story.text)
        self.unread: list[Unread] = []
        self.sections: list[SystemSection] = []
        self.open = OpenSection()
        self.joined: frozenset[str] = frozenset()
        """The words that are products of letters."""
        self.goes_on = False
        """Whether an equals sign at the beginning of the next equation goes on with what was read before it."""

    def read(self, statements: Sequence[Statement]) -> Manuscript:
        for fault in self.story.faults:
            start = fault.span.start
            line = self.source.text[start:].split("\n", 1)[0].rstrip()
            self.unread.append(Unread(Span(start, start + len(line)), fault.what, fault.repair, fault.span))
        self.joined = joined_factors(c for s in statements if s.notation == "text" for c in s.chunks)
        for statement in statements:
            self.syntax = statement.notation
            self.take(statement)
        self.close()
        for code in code_blocks(self.source.text):
            if isinstance(code, NotJudged):
                self.leave(code.span, code.reason, code.repair)
            else:
                self.sections.append(section_of(code))
        order = sorted(self.unread, key=lambda unread: unread.span)
        return Manuscript(tuple(self.sections), tuple(order), self.source.text)

    def take(self, statement: Statement) -> None:
        """Put the rows of a statement where they belong; one that cannot be cut into signs is not read."""
        if statement.form == "update" and statement.relations[0] != "+=":
            self.leave(
                statement.span,
                "This gives a quantity a new value; it is no equation.",
                "Write the new value under another name, if it is to be judged.",
            )
            return
        for chunk in map(exact, statement.chunks):
            if not chunk.tokens:
                continue
            apart = with_factors_apart(chunk, self.joined) if self.syntax == "text" else chunk
            self.place(apart)
            if apart is not chunk:
                self.open.joined |= {token.text for token in chunk.tokens} & self.joined
        if not statement.faults:
            return
        for fault in statement.faults:
            inside = statement.span.start <= fault.span.start < statement.span.end
            place = fault.span if inside else statement.span
            self.unread.append(Unread(statement.span, fault.what, fault.repair, place))
        if not statement.chunks:
            self.goes_on = False
            if self.open.system is None:
                self.open.lost |= self.defined_by(statement)

    def defined_by(self, statement: Statement) -> set[str]:
        """The name that a statement would define of which only the left side can be cut into signs."""
        if not statement.relations:
            return set()
        try:
            chunks = chunks_of(
                Passage(f"{statement.sides[0]}=0", 0, self.syntax), Source(f"{statement.sides[0]}=0"), []
            )
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
        if not signs and is_prose(self.open, chunk.tokens):
            return
        if signs and signs[0] == 0 and not self.goes_on:
            self.leave(
                chunk.span,
                "This goes on with a line that is not read.",
                "Write the left side again:  name = expression",
            )
            return
        claimed = (
            not signs
            or signs[0] == 0
            or is_derivative(self.open, chunk.tokens[signs[0] + 1 :])
            or (
                is_signal(chunk.tokens)
                and not is_mean(self.open, chunk.tokens)
                and not is_first_delta(self.open, chunk.tokens)
            )
            or is_differential(self.open, chunk.tokens)
            or is_slope(chunk.tokens)
            or reads_signals(self.open, chunk.tokens[signs[0] :])
        )
        self.goes_on = self.claim(chunk) if claimed or not self.forward(chunk) else True

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
            layered = current.symbols.layered | reading.symbols.layered
            current.symbols = replace(current.symbols, aliases=reading.symbols.aliases, layered=layered)
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
                current.written = reading.lines
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
        assigned = sorted(symbols.assigned, key=lambda name: name == system.loss)
        ends = symbols.ends | set(system.size_names)
        current.symbols = replace(symbols, assigned=tuple(assigned), ends=ends)
        current.known |= set(system.quantities)
        inputs = {split(name).base for name in system.quantities if not system.defines(name)}
        current.whole = current.whole and not current.lost & inputs

    def take_ranks(self) -> None:
        """Read the forward equations again with the numbers of axes that entries in the claims show: w_jk after z = w x + b."""
        current = self.open
        assert current.system is not None
        ranks: dict[str, int] = {}
        for tree in refs_of(current.claims):
            if tree.indices:
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

    def take_steps(self) -> list[str]:
        """Read the equations again as those of all steps where claims speak of several, and names without an index of time in claims
        as at step t; how they are read."""
        current = self.open
        assert current.system is not None
        clock = current.system.clock
        if clock is None or not (names := left_out_steps(current.written, clock.letter)):
            return []
        if clock.once:
            if not tell_of_steps(current.claims, clock):
                return []
            lines = with_left_out_steps(current.written, clock.letter)
            try:
                again = elaborate(replace(current.system.reading, lines=lines))
            except (EquationError, GraphError, ShapeError):
                return []  # the steps do not fit, and the claims say so
            current.system = with_named_loss(again)
        current.claims = [at_steps(line, names, clock.letter) for line in current.claims]
        steps = [at_steps(line, names, clock.letter) for line in current.written]
        pairs = zip(current.written, steps, strict=True)
        return [f"{show(line.left)} read as {show(new.left)}" for line, new in pairs if line.left != new.left]

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
            told = [f"{word} read as {' '.join(clusters(word))}" for word in sorted(self.open.joined)]
            told += self.take_steps()
            system, claims = self.open.system, tuple(self.open.claims)
            told += [f"{name} read as the identity matrix" for name in identities(system)]
            self.sections.append(SystemSection(system, claims, self.open.whole, told="; ".join(told)))
        self.open = OpenSection()


def exact(chunk: Chunk) -> Chunk:
    """A row up to where it says that numbers are only nearly equal."""
    nearly = relations(chunk.tokens, NEARLY)
    return replace(chunk, tokens=chunk.tokens[: nearly[0]]) if nearly else chunk


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
