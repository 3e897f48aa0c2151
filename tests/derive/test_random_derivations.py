"""Derivations of random systems that are right: rewritten line by line they pass, in both forms and both syntaxes.

`scripts/random_derivations.py` does the same for thousands.
"""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.derive.random_derivations import drawn_document
from tests.derive.random_systems import systems
from tests.thorough import rounds
from wengert.notes.claims.review import review

RNG = np.random.default_rng(0)


@seed(0)
@settings(
    max_examples=rounds(7, 20),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)
@given(systems())
def test_right_derivation_of_a_random_system_passes(text):
    document = drawn_document(text, RNG)
    found = review(document)
    assert found.count("holds")
    assert [(row.text, row.details, row.note) for row in found.rows if row.status in ("wrong", "unread")] == [], (
        document
    )
