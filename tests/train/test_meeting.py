"""The meeting of the processes of a launch: where all go on, or why not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from wengert.errors import TrainingError
from wengert.train.meeting import Host, Invitation

FACTS = {"versions": "Python 3.13.1, wengert 1.0, JAX 0.10.2", "equations": "a1", "options": "b2"}


def met(facts):
    """What each rank hears, that says these facts: an address, or the three lines of a refusal."""
    host = Host(len(facts), 30)

    def one(rank):
        try:
            return Invitation(host.address, rank, len(facts), 30).meet(facts[rank])
        except TrainingError as error:
            return str(error).splitlines()

    with ThreadPoolExecutor(len(facts)) as pool:
        return list(pool.map(one, range(len(facts))))


def test_ranks_of_one_training_hear_the_same_address():
    heard = met([FACTS] * 3)
    assert len(set(heard)) == 1
    assert heard[0].startswith("127.0.0.1:")


@pytest.mark.parametrize(
    ("key", "other"), [("versions", "Python 3.13.1, wengert 1.0, JAX 0.9.0"), ("equations", "a2"), ("options", "b3")]
)
def test_ranks_that_differ_are_all_refused_and_told_in_what(key, other):
    said = [
        f"Ranks 0 and 2 have other {key}.",
        f"  rank 0: {FACTS[key]}; rank 2: {other}",
        "Give all ranks the same program, options and equations.",
    ]
    assert met([FACTS, FACTS, {**FACTS, key: other}]) == [said] * 3
