"""Backward passes that are held as NumPy code, judged: the corpus in Python, table J as it stands, documents with planted mistakes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy_passes import PASSES

from tests.thorough import everyday
from wengert.core.ir.names import bar
from wengert.notes.claims.judge import ClaimJudge
from wengert.notes.claims.review import Review, review
from wengert.notes.manuscripts.manuscript import manuscript_of
from wengert.notes.manuscripts.sections import SystemSection
from wengert.notes.notation.expr import Ref
from wengert.notes.reading.story import read_story

DATA = Path(__file__).parents[1] / "data"
CORPUS = (DATA / "equations.md").read_text("utf-8")
BLOCKS = dict(re.findall(r"^#+ (E\d+).*?```python\n(.*?)```", CORPUS, re.MULTILINE | re.DOTALL))
ROWS = re.findall(r"^\| (J\d+) \| (E\d+) \| `(.*?)` \| `(.*?)` \| (\w+)", CORPUS, re.MULTILINE)
LOOPS = ("E47", "E48", "E53", "E56")
"""Blocks with loops and lists, which are no plain assignments."""
PLAIN = [key for key in BLOCKS if key not in LOOPS]
KINDS = {"J03": "activation derivative", "J04": "missing sum", "J06": "factor", "J13": "sign"}


def fenced(code: str) -> str:
    return f"```python\n{code}```\n"


def counts(found: Review) -> tuple[int, int]:
    return found.count("wrong"), found.count("unread")


@pytest.mark.parametrize("key", [key for key in PLAIN if key != "E65"])
def test_code_of_the_corpus_is_right(key: str) -> None:
    found = review(fenced(BLOCKS[key]))
    assert found.count("holds"), str(found)
    assert counts(found) == (0, 0), str(found)


def test_a_list_in_a_backward_line_is_not_read_and_says_so() -> None:
    (row,) = review(fenced(BLOCKS["E65"])).rows
    assert row.status == "unread"
    assert row.note == "not read: A list or a loop inside of a statement is no arithmetic of arrays."


@pytest.mark.parametrize("key", LOOPS)
def test_loops_are_not_read_and_what_does_not_depend_on_them_is_judged(key: str) -> None:
    found = review(fenced(BLOCKS[key]))
    assert not found.count("wrong"), str(found)
    assert found.count("unread"), str(found)


def sections(text: str) -> tuple[SystemSection, ...]:
    return tuple(section for section in manuscript_of(read_story(text)).sections if section.code)


HELPERS = {
    "np": np,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "dsigmoid": lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2,
}


OTHERWISE = {
    "E07": "the signals of n and q, which are parts of a line, are none of the system",
    "E37": "it holds where t sums to 1",
    "E54": "c_bar is what comes from outside",
    "E65": "its backward line is not read",
}
"""Blocks whose signals are not those of the system at any point, and why."""


@pytest.mark.parametrize("key", [key for key in PLAIN if key not in OTHERWISE])
def test_what_is_read_is_what_python_computes(key: str) -> None:
    (section,) = sections(fenced(BLOCKS[key]))
    judge = ClaimJudge(section)
    judge.run()
    system, truth = section.system, judge.stated.points[0].truth
    stated = {line.left.name for line in section.claims if isinstance(line.left, Ref) and line.left.barred}
    names: dict[str, Any] = {**HELPERS, **{name: np.array(truth[name]) for name in system.inputs}}
    names |= {
        f"{name}_bar": truth[bar(name)] for name in system.quantities if name not in stated and bar(name) in truth
    }
    exec(BLOCKS[key], names)  # the corpus' own text
    lines = {line.name: line.name for line in system.lines if line.name in names}
    for python, quantity in {**lines, **{f"{name}_bar": bar(name) for name in stated}}.items():
        wanted = truth[quantity]
        np.testing.assert_allclose(np.reshape(names[python], np.shape(wanted)), wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("row", "key", "right", "changed", "verdict"), [r for r in ROWS if r[1] not in LOOPS], ids=lambda x: x[:3]
)
def test_row_of_table_J_has_its_verdict(row: str, key: str, right: str, changed: str, verdict: str) -> None:
    text = fenced(BLOCKS[key].replace(right, changed, 1))
    line = text.count("\n", 0, text.index(changed)) + 1
    found = review(text)
    wrong = [each for each in found.rows if each.status == "wrong"]
    assert [each.line for each in wrong] == ([line] if verdict == "wrong" else []), str(found)
    assert found.count("unread") == 0
    if row in KINDS:
        assert wrong[0].kind == KINDS[row]


DOCUMENTS = {
    "two_layer_rows.md": (
        7,
        ("dZ2 = (P - Y) / m", "dZ2 = P - Y * m"),
        ("dW1 = X.T @ dZ1", "dW1 = dZ1.T @ X"),
        ("dA1 * (Z1 > 0)", "dA1 * (A1 < 1)"),
        ("db2 = dZ2.sum(axis=0)", "db2 = dZ2.mean(axis=0)"),
    ),
    "columns.md": (
        7,
        ("np.dot(dS, H.T)", "np.dot(dS, U.T)"),
        ("dH * np.square(H)", "dH * H"),
        ("dV = np.dot(dU, X.T)", "dV = np.dot(X, dU.T)"),
        ("dc = np.sum(dS, axis=1", "dc = np.mean(dS, axis=1"),
    ),
    "layernorm.md": (
        4,
        ("dgain = np.sum(u * dy", "dgain = np.sum(h * dy"),
        ("dh /= spread", "dh *= spread"),
        ("du = gain * dy", "du = dy"),
        ("dshift = np.sum(dy, axis=(0, 1))", "dshift = dy"),
    ),
    "attention_heads.md": (
        5,
        ("(grad_w - common)", "(grad_w + common)"),
        ("grad_asks = rate * np", "grad_asks = np"),
        ("'nhqm,nhqe->nhme', w", "'nhmq,nhqe->nhme', w"),
    ),
    "factorisation.md": (3, ("-E @ V + lam * U", "-E @ V + lam * V"), ("-E.T @ U", "E.T @ U")),
    "regression.md": (2, ("X.T @ r / n", "X.T @ r"), ("grad_b = np.mean(r)", "grad_b = np.sum(r)")),
    "embedding.md": (4, ("np.add.at(C_bar, ids, E_bar)", "C_bar[ids] += E_bar"), ("E.T @ H_bar", "E.T @ H")),
}
"""How many lines are right, and changes that make one line wrong."""
PLANTED = [(file, *change) for file, (_, *changes) in DOCUMENTS.items() for change in changes]


@pytest.mark.parametrize("file", DOCUMENTS)
def test_a_right_backward_pass_in_code_holds(file: str) -> None:
    found = review((DATA / "numpy" / file).read_text("utf-8"))
    assert found.count("holds") == DOCUMENTS[file][0], str(found)
    assert counts(found) == (0, 0)


@everyday(1, "file")
@pytest.mark.parametrize(("file", "old", "new"), PLANTED, ids=[f"{file}-{new[:24]}" for file, _, new in PLANTED])
def test_a_mistake_in_code_is_found_at_its_line_and_only_there(file: str, old: str, new: str) -> None:
    text = (DATA / "numpy" / file).read_text("utf-8")
    assert text.count(old) == 1
    found = review(text.replace(old, new))
    assert [row.line for row in found.rows if row.status == "wrong"] == [text.count("\n", 0, text.index(old)) + 1], str(
        found
    )
    assert found.count("unread") == 0


def test_other_code_is_no_claim() -> None:
    assert not review((DATA / "numpy" / "no_derivation.md").read_text("utf-8")).rows


@pytest.mark.parametrize(
    "code",
    [
        "y = x * 1e400\nx_bar = y_bar\n",
        "y = " + "(" * 90 + "x" + ")" * 90 + "\nx_bar = y_bar\n",
        "y = " + "-" * 5000 + "x\nx_bar = y_bar\n",
        "y = x\0\nx_bar = y_bar\n",
        "y = x[\nx_bar = y_bar\n",
        "y = '\\d' + x\nx_bar = y_bar\n",
        "y = np.einsum('i,i->j', x, x)\nx_bar = y_bar\n",
        "h = e @ W\nde = dh @ W.T\ndW = e.T @ dh\ndt = np.zeros_like(t)\nnp.add.at(dt, k, de[:, None, None])\n",
        "\n".join(f"v{k + 1} = v{k} @ w{k}" for k in range(60)) + "\nv0_bar = v1_bar @ w0\n",
    ],
)
def test_code_that_cannot_be_read_is_no_failure(code: str) -> None:
    found = review(fenced(code))
    assert not found.count("wrong")


CHANGED = [(name, *change) for name, (_, changes) in PASSES.items() for change in changes]


@pytest.mark.parametrize("name", PASSES)
def test_a_right_pass_of_an_engineer_holds(name: str) -> None:
    found = review(fenced(PASSES[name][0]))
    assert found.count("holds"), str(found)
    assert not found.count("wrong"), str(found)
    assert all("gives a quantity a new value" in row.note for row in found.rows if row.status == "unread"), str(found)


@everyday(1, "name")
@pytest.mark.parametrize(("name", "old", "new"), CHANGED, ids=[f"{name}-{new[:20]}" for name, _, new in CHANGED])
def test_a_mistake_of_an_engineer_is_found_at_its_line_and_only_there(name: str, old: str, new: str) -> None:
    text = fenced(PASSES[name][0])
    assert text.count(old) == 1
    lines = zip(text.splitlines(), text.replace(old, new).splitlines(), strict=True)
    line = next(k for k, (before, after) in enumerate(lines, 1) if before != after)
    found = review(text.replace(old, new))
    assert [row.line for row in found.rows if row.status == "wrong"] == [line], str(found)


def verdicts(code: str) -> list[tuple[int, str]]:
    return [(row.line, row.status) for row in review(fenced(code)).rows]


def test_a_signal_that_is_made_in_several_statements_is_judged_at_the_last() -> None:
    code = "h = x @ W\ny = x + h\nL = np.sum(y * r)\ndy = r\ndW = x.T @ dy\ndx = dy @ W\ndx += dy\n"
    assert verdicts(code) == [(5, "holds"), (6, "holds"), (8, "wrong")]
    assert verdicts(code.replace("dy @ W\n", "dy @ W.T\n")) == [(5, "holds"), (6, "holds"), (8, "holds")]


def test_what_is_computed_of_a_part_of_a_signal_is_judged_as_that() -> None:
    code = "y = x * w\nz = x + y\nL = np.sum(z * r)\ndz = r\ndx = dz\ndw = dx * x\ndx = dx + dz * w\n"
    assert verdicts(code) == [(5, "holds"), (7, "holds"), (8, "holds")]
    assert (7, "wrong") in verdicts(code.replace("dz = r\ndx = dz\n", "dz = r\ndx = dz * w\n"))


def test_a_statement_that_is_not_read_is_said_and_hides_no_other() -> None:
    code = "h = x.reshape(n, -1)\ny = h @ W\ndW = h.T @ dy\ndh = dy @ W.T\ndx = dh.reshape(x.shape)\n"
    assert verdicts(code) == [(2, "unread"), (4, "holds"), (5, "holds"), (6, "unread")]


def test_a_wrong_line_where_a_forward_statement_is_not_read_is_not_judged() -> None:
    assert verdicts("h = gelu(x @ W)\ny = h @ V\ndV = h.T @ dy\ndh = dy @ V\n") == [
        (2, "unread"),
        (4, "holds"),
        (5, "unread"),
    ]


def test_a_function_of_the_block_is_what_it_returns_whatever_its_name() -> None:
    code = "def sigmoid_prime(a):\n    return a * (1 - a)\n\nz = w * x\na = sigmoid(z)\nda = a - t\n"
    code = code.replace("da = a - t", "L = 0.5 * (a - t) ** 2\nda = a - t\ndz = da * sigmoid_prime(a)\ndw = dz * x")
    assert [status for _, status in verdicts(code)] == ["holds"] * 3
    assert [status for _, status in verdicts(code.replace("prime(a)\ndw", "prime(z)\ndw"))] == [
        "holds",
        "wrong",
        "holds",
    ]


def test_how_many_axes_the_arrays_have_is_said() -> None:
    found = review(fenced("y = x @ W + b\nL = np.sum(y * r)\ndy = r\ndW = x.T @ dy\ndb = dy.sum(axis=0)\n"))
    assert found.rows[0].note == "read with x, W, r as matrices; b as a vector"


def test_softmax_over_columns_has_targets_whose_columns_sum_to_one() -> None:
    code = "e = np.exp(S)\nP = e / e.sum(axis=0)\nL = -np.sum(Y * np.log(P))\ndS = P - Y\ndW = dS\n"
    found = review(fenced(code.replace("e = np", "S = W @ H\ne = np").replace("dW = dS", "dW = dS @ H.T")))
    assert found.rows[0].status == "holds"
    assert "Σ_i Y_ij = 1" in found.rows[0].note


def test_a_learned_number_that_begins_as_a_constant_is_a_quantity() -> None:
    code = "b = 0.0\nz = X @ w + b\nL = 0.5 * np.sum((z - y) ** 2)\ndz = z - y\ndw = X.T @ dz\ndb = dz.sum()\n"
    assert [status for _, status in verdicts(code)] == ["holds"] * 3
    assert verdicts(code.replace("dz.sum()", "dz"))[-1] == (7, "wrong")


MENDED = {
    "dW = dz.T @ x": "dW = x.T @ dz",
    "dW = -x.T @ dz": "dW = x.T @ dz",
    "db = dz.sum(axis=1)": "db = dz.sum(axis=0)",
    "db = dz": "db = dz.sum(axis=0)",
    "db = dz.mean(axis=0)": "db = dz.sum(axis=0)",
    "dz = dy * (z < 0)": "dz = dy * (z >= 0)",
    "dx = dz @ W": "dx = dz @ W.T",
    "dx = dz @ W.T / 2": "dx = dz @ W.T",
}
"""Wrong lines, and how they are corrected in code."""


@pytest.mark.parametrize("wrong", MENDED)
def test_a_wrong_statement_is_corrected_in_code(wrong: str) -> None:
    code = "z = x @ W + b\ny = np.maximum(0, z)\ndz = dy * (z > 0)\ndW = x.T @ dz\ndb = dz.sum(axis=0)\ndx = dz @ W.T\n"
    lines = [wrong if line.startswith(wrong[:4]) else line for line in code.splitlines()]
    (row,) = [row for row in review(fenced("\n".join(lines) + "\n")).rows if row.status == "wrong"]
    assert row.corrected == MENDED[wrong]
