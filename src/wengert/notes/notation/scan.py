"""The first pass over all lines: which names are index letters, which are functions, which have lines of their own.

It walks over tokens without parsing expressions, and yields the Symbols that the parser reads the lines with.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from wengert.notes.notation import names
from wengert.notes.notation.chunks import Chunk
from wengert.notes.notation.entries_at_integers import chosen_entries
from wengert.notes.notation.expr import Declaration
from wengert.notes.notation.index_letters import IndexLetters, is_name_subscript
from wengert.notes.notation.occurrences import REDUCTIONS, Occurrence, Occurrences, collect
from wengert.notes.notation.scripts import clusters, elements, shape, spelled
from wengert.notes.notation.spellings import fonts_of, tell_fonts_apart, tell_letters_from_greek
from wengert.notes.notation.symbols import FUNCTION_LETTERS, FUNCTIONS, OTHER_SPELLINGS, Symbols, words
from wengert.notes.notation.tokens import Source

ALWAYS_FUNCTIONS = frozenset(
    words(
        "exp log ln sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan det tr sqrt relu softmax logsumexp erf"
    )
)


def scan(chunks: list[Chunk], declarations: list[Declaration], context: Symbols, source: Source) -> Symbols:
    """The symbols of a text, on top of those of its context."""
    facts = collect(chunks, source)
    tell_fonts_apart(facts, context)
    tell_letters_from_greek(facts, context)
    declared = context.declared | {
        n for d in declarations if d.kind in ("params", "data", "shape", "size") for n in d.names
    }
    dialects = {name for d in declarations if d.kind == "dialect" for name in d.names}
    implicit = context.implicit_sums or "implicit sums" in dialects
    letters = IndexLetters(facts, declared, context, implicit).decide()
    unknown = not (context.backward or implicit)
    chosen = chosen_entries(facts, letters, declared) if unknown else frozenset[tuple[str, str]]()
    symbols = Symbols(
        assigned=context.assigned,
        names=context.names | declared,
        declared=declared,
        letters=letters,
        chosen=context.chosen | chosen,
        counts=context.counts,
        labels=context.labels | facts.labels | _bound_labels(facts),
        sizes=context.sizes | {d.names[0] for d in declarations if d.kind == "size"},
        ends=context.ends | facts.ends,
        powers=context.powers | {name for name, exponent in facts.exponents if exponent in facts.bound},
        accents=context.accents,
        aliases=context.aliases,
        fonts=fonts_of(facts) | dict(context.fonts),
        bold=context.bold,
        calls=context.calls,
        implicit_sums=implicit,
        dialect="matlab" if "matlab" in dialects else context.dialect,
        backward=context.backward,
    )
    return _with_names(symbols, facts, declarations, context)


def _bound_labels(facts: Occurrences) -> set[str]:
    """Labels that are a letter which some Σ binds."""
    labels = [o.label for o in facts.occurrences if o.label is not None and len(o.label) == 1]
    return {label[0].text for label in labels} & facts.bound


def _with_names(symbols: Symbols, facts: Occurrences, declarations: list[Declaration], context: Symbols) -> Symbols:
    """Names, index counts, functions: what needs the letters to be known."""
    counts: dict[str, set[int]] = defaultdict(set, {name: set(c) for name, c in symbols.counts.items()})
    found: set[str] = set()
    assigned = dict.fromkeys(context.assigned)
    full = {id(o): _full_name(o, symbols, counts) for o in facts.occurrences}
    symbols = replace(symbols, counts={name: frozenset(c) for name, c in counts.items()})
    calls: dict[str, tuple[str, ...]] = {}
    singles = {o.base for o in facts.occurrences if len(clusters(o.base)) == 1 and not o.left}
    for occurrence in facts.occurrences:
        name = full[id(occurrence)]
        leads = facts.lefts.get(occurrence.chunk) is occurrence
        slope = context.backward and occurrence.primes and occurrence.arguments and name in context.assigned
        own = not (occurrence.token.bars or slope or _is_differential(occurrence, singles, assigned, context))
        if leads and own:
            assigned.setdefault(name + "'" * occurrence.primes)
            if occurrence.arguments:
                calls[name] = occurrence.arguments
        if not occurrence.lone_script and len(clusters(occurrence.base)) == 1 and not occurrence.inside:
            found.add(name)
    functions = _functions(facts, declarations, symbols, set(assigned))
    return replace(
        symbols,
        assigned=tuple(assigned),
        names=symbols.names | frozenset(found - functions) | frozenset(assigned),
        functions=functions | (context.functions - set(assigned)),
        bold=symbols.bold | {full[id(o)] for o in facts.occurrences if o.token.bold and not o.inside},
        calls={**symbols.calls, **calls},
    )


def _is_differential(occurrence: Occurrence, singles: set[str], assigned: dict[str, None], context: Symbols) -> bool:
    """Whether a left side such as dW is the error signal of W, or of the matrix of w_ij, which is known."""
    rest = occurrence.base[1:]
    before = context.bases if context.backward else (singles | set(assigned) if occurrence.chunk else set())
    known = rest in before or rest.swapcase() in before
    return occurrence.base.startswith("d") and len(clusters(occurrence.base)) > 1 and known


def _full_name(occurrence: Occurrence, symbols: Symbols, counts: dict[str, set[int]]) -> str:
    label = spelled(occurrence.label) if occurrence.label and len(occurrence.label) == 1 else ""
    if label in symbols.labels:
        label = ""
    if occurrence.subscript is None:
        return names.join(occurrence.base, label)
    content = occurrence.subscript
    if is_name_subscript(occurrence.base, label, content, symbols):
        return names.join(occurrence.base, label, spelled(content))
    kind = shape(content)
    number = 1 + sum(t.kind == "comma" for t in content) if kind == "list" else len(elements(content))
    counts[names.join(occurrence.base, label)].add(number)
    return names.join(occurrence.base, label)


def _functions(
    facts: Occurrences, declarations: list[Declaration], symbols: Symbols, assigned: set[str]
) -> frozenset[str]:
    declared = {name for d in declarations if d.kind == "function" for name in d.names}
    uses: dict[str, list[Occurrence]] = defaultdict(list)
    for occurrence in facts.occurrences:
        if occurrence.base not in assigned:
            uses[OTHER_SPELLINGS.get(occurrence.base, occurrence.base)].append(occurrence)
    found = set(declared)
    for name, occurrences in uses.items():
        if (
            name in assigned
            or name in symbols.declared
            or (symbols.backward and name in symbols.names and name not in symbols.functions)
        ):
            continue
        applied = any(o.applied and not o.token.bars and not _has_own_label(o, symbols, assigned) for o in occurrences)
        by_font = len(name) > 1 and any(o.token.font for o in occurrences)
        built_in = name in FUNCTIONS and (applied or by_font or name in ALWAYS_FUNCTIONS or name in REDUCTIONS)
        by_use = name in FUNCTION_LETTERS and all(o.applied == "near" and o.subscript is None for o in occurrences)
        if built_in or by_use:
            found.add(name)
    return frozenset(found)


def _has_own_label(occurrence: Occurrence, symbols: Symbols, assigned: set[str]) -> bool:
    """Whether a name with its label is a quantity: σ² (x − μ) of a variance σ²."""
    if occurrence.label is None:
        return False
    name = names.join(occurrence.base, spelled(occurrence.label))
    return name in assigned or (symbols.backward and name in symbols.names)
