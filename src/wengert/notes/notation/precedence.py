"""How tightly signs bind: the one table that the reader and the printers share.

A higher number binds tighter. It must not know tokens or spellings.
"""

from __future__ import annotations

SUM = 1  # a + b, a − b, a leading −
SIGNED = 2  # a · b, a ∘ b, a * b
RUN = 3  # a b and a / b, from left to right
POWER = 4  # aᵇ, aᵀ, a⁻¹
ATOM = 5  # names, numbers, brackets, calls

PRODUCT_SIGNS = {"·": "·", "∘": "∘", "*": "*", "×": "·", "@": ""}
"""The signs of a product as the reader meets them, and the `sign` that they give to a Product."""

LEVEL = {"+": SUM, "-": SUM, "/": RUN} | dict.fromkeys(PRODUCT_SIGNS, SIGNED)
"""The level of each infix sign in the token stream."""
