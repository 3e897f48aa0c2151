"""What is printed costs at most what was published: operations of both backward passes, equal expressions counted once."""

from __future__ import annotations

import pytest

from tests.derive.corpus import beyond, entries
from wengert.derive.backward import derive
from wengert.derive.counting import count_shared
from wengert.derive.local import LocalDerivatives
from wengert.derive.outside import GIVEN, with_outside_signals
from wengert.derive.unnamed import understood
from wengert.derive.verify import distinct_sizes
from wengert.ir.system import bar, is_bar, unbar
from wengert.notation.manuscript import read_manuscript
from wengert.notation.reread import ContextReader
from wengert.ops.gather import gather
from wengert.ops.terms import Leaf, subterms

ENTRIES = {**entries(), **beyond()}
MORE = {
    "E32": "several largest entries share the signal, so they are counted",
}
"""Where the printed form costs more, and why."""


def published(key: str):
    """The system of an entry, and the first right side of each published line as a term, by name."""
    entry = ENTRIES[key]
    (section, *_) = read_manuscript(entry.text("text") + "\n---\n" + entry.backward["text"]).sections
    section = understood(section).section
    claims, outside = with_outside_signals(section.system, section.claims)
    more = {GIVEN + name: section.system.quantities[name].type for name in outside}
    found = {}
    for claim in claims:
        local = LocalDerivatives(section.system)
        reader = ContextReader(section.system, section.system.reading, more, local)
        if not (claim.left.barred and claim.left.name in section.system.quantities):
            continue
        definition = reader.line(claim)
        if is_bar(definition.name):
            found.setdefault(definition.name.removeprefix("bar "), gather(definition.node))
    return section.system, found


def needed(lines, results, loss):
    """The lines that a pass computes on its way to the results."""
    read, pending = {}, list(results)
    while pending:
        name = pending.pop()
        if name in lines and name not in read and name != loss:
            read[name] = lines[name]
            pending += [unbar(t.name) for t in subterms(lines[name]) if isinstance(t, Leaf) and is_bar(t.name)]
    return list(read.values())


@pytest.mark.parametrize("key", ENTRIES)
def test_printed_form_costs_at_most_the_published_one(key):
    system, theirs = published(key)
    derived = derive(system, None, [name for name in theirs if name != system.loss])
    ours = {line.name: line.run for line in derived.lines}
    results = [name for name in theirs if not system.defines(name)]
    assert results
    sizes = distinct_sizes(system, 5)
    seed = bar(system.loss) if derived.seeded else ""
    mine = count_shared(needed(ours, results, system.loss), sizes, seed).total
    other = count_shared(needed(theirs, results, system.loss), sizes, seed).total
    assert (mine > other) == (key in MORE), (mine, other)
