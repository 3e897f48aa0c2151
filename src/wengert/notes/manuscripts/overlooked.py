"""Why a document has no forward equations that are read: they may stand in a block that does not look like equations."""

from __future__ import annotations

from wengert.errors import EquationError
from wengert.notes.notation.expr import Span
from wengert.notes.notation.tokens import Source
from wengert.notes.reading.story import read_story

NOTHING = "There are no forward equations in this document that can be read, so nothing was judged."


def nothing_read(text: str, name: str) -> EquationError:
    """What to say of a document, called `name`, in which no forward equation was read: where the first one may stand."""
    story = read_story(text, name)
    blocks = [code.span for code in story.code if not code.language]
    block = next((span for span in blocks if "=" in story.text[span.start : span.end] and span.end > span.start), None)
    if block is not None and "\n" in story.text[block.start : block.end]:
        first = story.text[block.start : block.end].split("\n", 1)[0]
        return Source(story.text).error(
            f"{NOTHING} This block without a language holds more than equations.",
            Span(block.start, block.start + len(first)),
            "Write ```text before a block of equations, ```python before a program.",
        )
    return EquationError(NOTHING, f"  {name}", "Write the equations that the derivation is of before it:  z = w x + b")


def no_passes(name: str) -> EquationError:
    """What to say of a program, called `name`, in which no passes were found."""
    return EquationError(
        "There is no forward and backward pass in this program that can be read, so nothing was judged.",
        f"  {name}",
        "Call the error signal of W dW, grad_W or W_bar, and let its line stand after the forward lines.",
    )
