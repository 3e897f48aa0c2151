"""Why a document has no forward equations that are read: they stand in a line of prose, or in a block that does not look like equations."""

from __future__ import annotations

from wengert.errors import EquationError
from wengert.manuscripts.line_kinds import is_signal
from wengert.notation.chunks import relations
from wengert.notation.document import inline_formulas, unread_blocks
from wengert.notation.reader import Piece, chunks_of
from wengert.notation.tokens import Source

NOTHING = "There are no forward equations in this document that can be read, so nothing was judged."


def nothing_read(text: str, name: str) -> EquationError:
    """What to say of a document, called `name`, in which no forward equation was read: where the first one may stand."""
    source = Source(text)
    inline = next((piece for piece in inline_formulas(text) if defines(piece, source)), None)
    if inline is not None:
        return source.error(
            "There are no forward equations in a display, so nothing was judged: formulas in a line of prose are not read.",
            inline.span(0, len(inline.text)),
            f"Put each forward equation into a display:  $${inline.text.strip()}$$",
        )
    block = next(iter(unread_blocks(text)), None)
    if block is not None:
        return source.error(
            f"{NOTHING} This block without a language holds more than equations.",
            block,
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


def defines(piece: Piece, source: Source) -> bool:
    """Whether a formula says what a quantity is, rather than what an error signal is or how large something is."""
    try:
        chunks = chunks_of(piece, source, [])
    except EquationError:
        return False
    for chunk in chunks:
        signs = relations(chunk.tokens)
        right = chunk.tokens[signs[0] + 1 :] if signs else []
        names = sum(token.kind == "name" for token in right)
        if signs and signs[0] and chunk.tokens[signs[0]].text == "=" and names > 1 and not is_signal(chunk.tokens):
            return True
    return False
