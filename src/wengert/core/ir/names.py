"""Names of what belongs to a quantity v: its error signal v̄, itself at another step v_{t+k}, one of its entries v_1.

They are made of the quantity's name and a sign behind a blank, which no user's name has, so that a graph's inputs can be called by them.
"""

from __future__ import annotations


def bar(name: str) -> str:
    """The name of v̄ = ∂L/∂v, the error signal of a quantity; no user's name contains the blank."""
    return f"bar {name}"


def is_bar(name: str) -> bool:
    """Whether a name is that of an error signal."""
    return name.startswith("bar ")


def unbar(name: str) -> str:
    """The quantity of an error signal's name."""
    return name.removeprefix("bar ")


def moment(name: str, offset: int) -> str:
    """The name of v_{t+k}: the sequence v with its entries k steps on; v itself where k is 0.

    Beyond its ends a sequence is continued by its start value, an error signal by 0.
    """
    base, before = unmoment(name)
    offset += before
    return f"{base} @{offset:+d}" if offset else base


def unmoment(name: str) -> tuple[str, int]:
    """(v, k) of the name of v_{t+k}; (v, 0) for any other name."""
    base, sign, offset = name.rpartition(" @")
    return (base, int(offset)) if sign and offset[:1] in ("+", "-") else (name, 0)


def entry(name: str, place: int) -> str:
    """The name of one entry of a sequence: v_1 at place 0, the last one at place −1."""
    return f"{name} @{place + 1}" if place >= 0 else f"{name} @T{place + 1 or ''}"


def entry_place(name: str) -> int | None:
    """The place of the entry that a name stands for; None where it stands for none."""
    _, sign, at = name.rpartition(" @")
    if sign and at.isdigit():
        return int(at) - 1
    return int(at[1:] or 0) - 1 if sign and at[:1] == "T" else None


def is_entry(name: str) -> bool:
    """Whether a name is that of one entry of a sequence."""
    return entry_place(name) is not None


def sequence_name(name: str) -> str:
    """The sequence of which a name is another step or an entry; the name itself where it is none."""
    return name.rpartition(" @")[0] if is_entry(name) else unmoment(name)[0]
