"""wengert stages, and Derivation.stages: every stage of a derived step as text, its times, and what is refused."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import wengert as wg
from wengert import cli
from wengert.core.ir.graph import Graph, apply, input_node
from wengert.core.ir.op import OPS
from wengert.core.ir.types import ArrayType
from wengert.core.passes.pipeline import PIPELINE
from wengert.errors import EquationError, GraphError, ShapeError
from wengert.targets import native
from wengert.targets.base import NAMES, default
from wengert.targets.stages import stage
from wengert.targets.table import nodes_of, rows

LINE = "params w, b\ndata x, t\ny = Σ_j w_j x_j + b\nL = ½ (y − t)²\n"

FUSED = """in   w: float64[3]
in   x: float64[3]
in   b: float64[]
in   t: float64[]

kernel 1: a sweep over 3 entries
  reads     w, x
  computes  v1 = w · x
            v2 = sum(v1, axes=(0))
  keeps     v2: float64[]

kernel 2: one entry
  reads     b, t, v2
  computes  v3 = v2 + b
            bar b = v3 − t
            v4 = integer_power(bar b, exponent=2)
            L = 1/2 · v4
  keeps     bar b: float64[], L: float64[]

kernel 3: a sweep over 3 entries
  reads     x, bar b
  computes  v5 = broadcast(bar b, shape=(3), axes=())
            bar w = v5 · x
  keeps     bar w: float64[3]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("line.txt").write_text(LINE, encoding="utf-8")


@pytest.fixture
def run(monkeypatch, capsys):
    """The command line in this process: (status, standard output, standard error)."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["wengert", *arguments])
        capsys.readouterr()
        status = 0
        try:
            cli.main()
        except SystemExit as leave:
            status = int(leave.code or 0)
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_fused_says_what_each_kernel_reads_computes_and_keeps(run):
    status, said, complaint = run("stages", "line.txt", "--stop", "fused", "--size", "j=3")
    assert (status, complaint) == (0, "")
    assert said == FUSED


@pytest.mark.parametrize(
    ("stop", "pattern"),
    [
        ("loops", r"^for vector \w+ < 3:\n(    .*\n)*    total \+= v\d+$"),
        ("llvm", r"^define (\w+ )*i32 @program\(ptr %?\w+, ptr %?\w+, ptr %?\w+\)"),
        ("asm", r"^program:$"),
    ],
)
def test_stage_is_what_it_says(run, stop, pattern):
    status, said, complaint = run("stages", "line.txt", "--stop", stop, "--size", "x=3")
    assert (status, complaint) == (0, "")
    assert re.search(pattern, said, re.MULTILINE), said[:2000]


@pytest.mark.parametrize("stop", default().stages)
def test_python_gives_what_the_command_prints(run, stop):
    stage = wg.equations(Path("line.txt")).backward().stages(stop, {"j": 3})
    assert run("stages", "line.txt", "--stop", stop, "--size", "j=3")[1] == f"{str(stage).rstrip()}\n"


@pytest.mark.parametrize(
    ("stop", "steps"),
    [("fused", {"fuse"}), ("loops", {"loops"}), ("llvm", {"loops", "memory", "llvm"})]
    + [("asm", {"loops", "memory", "llvm", "code"})],
)
def test_times_name_every_pass_and_every_step_up_to_the_stage(run, stop, steps):
    status, said, _ = run("stages", "line.txt", "--stop", stop, "--size", "j=3", "--times")
    assert status == 0
    table = said.rstrip("\n").rsplit("\n\n", 1)[1].splitlines()
    rows = dict(re.fullmatch(r"(\w+) +([\d.]+) ms", row).groups() for row in table)
    assert set(rows) == {each.__name__ for each in PIPELINE} | steps | {"total"}
    assert float(rows["total"]) == pytest.approx(sum(float(rows[name]) for name in rows if name != "total"), abs=0.02)


def test_derivatives_are_those_asked_for(run):
    said = run("stages", "line.txt", "--stop", "loops", "--size", "j=3", "--wrt", "b")[1]
    assert re.findall(r"^out  (.*):", said, re.MULTILINE) == ["L", "bar b"]


def test_system_without_open_sizes_needs_none_stated(run):
    Path("unit.txt").write_text("y = σ(w x + b)\nL = ½ (y − t)²\n", encoding="utf-8")
    assert run("stages", "unit.txt", "--wrt", "w,b")[0] == 0


REFUSALS = {
    "an open size": (
        ("stages", "line.txt"),
        """The size of the index 'j' is not known.
  it is an axis of w, x
State it, for example:  sizes={'j': 32} or, on the command line, --size j=32""",
    ),
    "a size of a number": (
        ("stages", "line.txt", "--size", "b=3"),
        """'b' is not a vector whose size is open.
  b=3
Name an index letter, or a vector whose size is a letter.""",
    ),
    "a size of nothing": (
        ("stages", "line.txt", "--size", "q=3"),
        """There is no quantity 'q'.
  the quantities are y, w, x, b, L, t
Write one of these names.""",
    ),
    "a size that is no number": (
        ("stages", "line.txt", "--size", "j=many"),
        """'j=many' does not state a size.
  --size j=many
Write, for example:  --size h=32""",
    ),
    "a stage that is not there": (
        ("stages", "line.txt", "--stop", "ptx"),
        """Invalid value for '--stop': Value error, 'ptx' is not one of 'fused', 'loops', 'llvm', 'asm', 'shards'.
  wengert stages line.txt --stop ptx
See the options:  wengert stages --help""",
    ),
}


@pytest.mark.parametrize(("command", "expected"), REFUSALS.values(), ids=REFUSALS)
def test_refusals_are_these_three_lines(run, command, expected):
    assert run(*command) == (2, "", expected + "\n")


def test_what_the_host_runs_stands_between_native_parts():
    x = input_node("x", ArrayType((4,)))
    graph = Graph((x,), (apply("exp", apply("lgamma", x * 2)),), ("y",))
    shown = str(stage(graph, "fused"))
    assert re.findall(r"^part \d: .*$", shown, re.MULTILINE) == [
        "part 1: native",
        "part 2: lgamma, by NumPy",
        "part 3: native",
    ]
    assert "exp(" in shown.split("part 3")[1]


def test_python_refuses_alike():
    derivation = wg.equations(Path("line.txt")).backward()
    with pytest.raises(ShapeError) as open_size:
        derivation.stages("loops")
    assert str(open_size.value) == REFUSALS["an open size"][1]
    with pytest.raises(EquationError, match="'b' is not a vector"):
        derivation.stages("loops", {"b": 3})
    with pytest.raises(GraphError) as caught:
        derivation.stages("ptx", {"j": 3})
    assert str(caught.value).splitlines() == [
        "There is no stage 'ptx'.",
        "  the stages are fused, loops, llvm, asm",
        "Name one of these.",
    ]


# targets


def test_the_table_of_targets_has_a_row_for_each_op_and_counts_what_is_taken_whole(run):
    status, said, _ = run("targets")
    head, *rows, _, total = said.rstrip("\n").splitlines()
    assert (status, head.split()) == (0, ["op", "kind", *NAMES])
    assert [row.split()[0] for row in rows] == sorted(OPS)
    native = sum(row.split()[2:3] == ["yes"] and " or " not in row for row in rows)
    assert total.startswith(f"{len(OPS)} ops, taken whole by: native {native}, interpreter ")


@pytest.mark.parametrize(
    ("op", "native", "interpreter", "xla"),
    [
        ("exp", "yes", "yes", "yes"),
        ("argsort", "by NumPy", "yes", "yes"),
        ("cast", "yes", "yes", "yes"),
        ("fft", "yes or by NumPy", "yes", "yes"),
        ("conj", "yes", "yes", "yes"),
        ("jv", "by NumPy", "yes", "by a call of NumPy"),
        ("while_loop", "yes", "yes", "yes"),
    ],
)
def test_a_row_says_who_takes_an_op(run, op, native, interpreter, xla):
    row = run("targets", op)[1].splitlines()[1]
    assert re.split(r"  +", row)[2:] == [native, interpreter, xla]


def test_what_the_table_says_is_what_runs():
    """An op is taken whole where the target lowers the graph of it alone, for every sample."""
    for row in rows([OPS[name] for name in ("exp", "where", "sum", "argsort", "gamma", "cholesky")]):
        own = [native.lower(Graph(node.inputs, (node,)), {}, cache=False) is not None for node in nodes_of(row.op)[:3]]
        assert set(own) == {support.by == "target" for support in row.found[0]}, row


def test_an_op_that_is_not_there_is_refused(run):
    assert run("targets", "sine")[::2] == (
        2,
        "There is no op 'sine'.\n  wengert targets sine\nSee the names of all:  wengert targets\n",
    )
