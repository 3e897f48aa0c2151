"""Every budget of the reading in one place. What may be done is counted in steps (`work`), so that no machine and no load changes a verdict."""

SURPRISE = 3.0
"""A reading that is more surprising than this is none."""
TRIES = 60
"""Readings that are tried for one link."""
TRIES_AT_SIGHT = 10
"""Readings that are tried for a link while it is open in which window a section is judged."""
AT_SIGHT = 0.6
"""The part of a section's steps that may be done until its window is chosen."""
TRIES_AGAIN = 12
"""Readings that are tried for a line that says again what is defined."""
FIRST_SIGHT = 0.3
"""The part of them that may be done for the first of several windows."""
AGAIN = 1600
"""So many steps must be left for sections that were cut short to be judged again."""
LINK_STEPS = 10_000
"""For the search of one link."""
DOCUMENT_STEPS = 48_000
EXPLAINED_STEPS = 16_000
"""For the mistakes of a document."""
COMPARABLE = 1.0
"""Readings up to this surprise must all fail before a line is wrong."""
UNDERSTOOD = 2
"""Lines about derivatives that must hold in a section before one in it is wrong rather than open."""
FITTING = 3
"""Readings under which a mistake is looked for."""
NEARBY = 28
"""Formulas near a line that are tried as what was left out, or as what should stand in the place of another."""
SLOTS = 12
"""Formulas of the line itself that are tried so."""
MISTAKE_STEPS = 12_000
"""For the mistake of one line under one reading."""
EDITS = 2500
"""Edits that are tried to establish one mistake."""
DEPTH = 60
"""Lines that may be looked up within each other."""
CALLS = 40
MAX_FORBIDDEN = 30
"""Lines that define each other in a circle and are set free of it."""
AXIS = 4
"""The size of every axis at a square point; the second point has one less."""
FIRST_SIZE = 2
"""The smallest size that an axis has at a ragged point."""
LARGEST = 200_000
"""Entries of one array at a point."""
EXACT = 1e-8
DIFFERENCED = 1e-5
"""Relative differences that count as equal: by complex steps, and where a difference quotient was taken."""
DIFFERENCES = 2
"""So many derivatives around one another may be taken by differences: each costs five digits, and a third would leave one."""
LARGEST_VALUE = 1e6
"""Beyond it a term may hide in the rounding of another."""
