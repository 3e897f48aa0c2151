"""How many digits the values and slopes of elementwise functions have. It knows no value."""

from __future__ import annotations

PROMISED = 10.0
"""Units in the last place within which a function of one input, its slope and the slope of that are right wherever they are normal
numbers, in both tails, in float32 and float64."""

LESS: dict[str, tuple[str, float]] = {}
"""What is not reached: for an op the reason and the largest error that was seen, in the same units."""
