"""train and predict as a user types them: what is refused, with the exact three lines and no file touched; what is resumed; Ctrl-C."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import wengert as wg
from wengert import cli
from wengert.train.data import load
from wengert.train.model_file import load_model

NET = """params w⁽¹⁾, b⁽¹⁾, w⁽²⁾, b⁽²⁾
data x, t
z_i = Σ_j w⁽¹⁾_ij x_j + b⁽¹⁾_i
h_i = σ(z_i)
y_k = Σ_i w⁽²⁾_ki h_i + b⁽²⁾_k
L = ½ Σ_k (y_k − t_k)²
"""
LINE = """params w, b
data x, t
y = w x + b
L = ½ (y − t)²
"""
NUMBERS = "x,t,kind\n" + "".join(f"{k},{2 * k + 1},{'ab'[k % 2]}\n" for k in range(10))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.txt").write_text(NET, encoding="utf-8")
    (tmp_path / "line.txt").write_text(LINE, encoding="utf-8")
    (tmp_path / "numbers.csv").write_text(NUMBERS)
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


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


def content() -> dict[str, bytes]:
    """Every file of the folder."""
    return {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}


DIGITS = ("train", "net.txt", "--data", "digits", "--bind", "x=data,t=onehot(target)", "--size", "h=4", "--epochs", "1")
POINTS = ("train", "line.txt", "--data", "numbers.csv", "--epochs", "1")

REFUSALS = {
    "last line is not scalar": (
        {"net.txt": NET.replace("L = ½ Σ_k (y_k − t_k)²", "e_k = y_k − t_k")},
        DIGITS,
        """Training needs one number as the loss, and 'e' has one for each 'k'.
  e_k = y_k − t_k
Name another quantity with --loss, or add a last line:  L = ½ Σ_k (y_k − t_k)²""",
    ),
    "no parameters": (
        {"line.txt": LINE.replace("params w, b\n", "")},
        POINTS,
        """These equations name no parameters.
  the free quantities are w, x, b, t
Name them with --params, or add a line to the file:  params w, b""",
    ),
    "a name that is neither data nor parameter nor constant": (
        {"line.txt": LINE.replace("w x + b", "w x + b + c")},
        POINTS,
        """The equations need 'c', and no data is bound to it.
  numbers.csv has x, t, kind
Write --bind 'c=COLUMN', name it as a parameter with --params, or give its value with --set.""",
    ),
    "text in a number column": (
        {"numbers.csv": NUMBERS.replace("\n3,7,", "\n3,seven,")},
        POINTS,
        """The column 't' holds text where numbers are needed: 'seven'.
  numbers.csv, line 5, column 2 (t)
Write a finite number there or delete the row; or bind other columns.""",
    ),
    "a column of labels bound as numbers": (
        {},
        (*POINTS, "--bind", "t=kind"),
        """The column 'kind' holds text, for example 'a', where numbers are needed.
  bound as kind
Bind it as classes, 't=onehot(kind)', or bind another column.""",
    ),
    "a missing column": (
        {},
        (*POINTS, "--bind", "t=tt"),
        """The data has no column 'tt'.
  numbers.csv has x, t, kind
Write one of these names, for example 't'.""",
    ),
    "nan in the data": (
        {"numbers.csv": NUMBERS.replace("\n4,", "\nnan,")},
        POINTS,
        """The column 'x' holds nan, which is not a finite number.
  numbers.csv, line 6, column 1 (x)
Write a finite number there or delete the row; or bind other columns.""",
    ),
    "one number where a vector is needed": (
        {},
        (*DIGITS[:4], "--bind", "x=data,t=target", "--size", "h=4"),
        """'t' has 1 axis for one example, so its data needs 2 axes, the examples first.
  the data bound to t has 1 axis: 1438
Bind columns side by side, 't=[a, b]', or classes, 't=onehot(c)'.""",
    ),
    "data against a declared size": (
        {"net.txt": NET.replace("data x, t", "data x, t\nx ∈ ℝ^63")},
        DIGITS,
        """The index 'j' has two sizes, 63 and 64.
  63 in the equations, 64 in the data of x
Give data whose shapes fit the equations, or correct --size.""",
    ),
    "data against a stated size": (
        {},
        (*DIGITS, "--size", "x=63"),
        """The index 'j' has two sizes, 64 and 63.
  64 in the data of x, 63 in --size x=63
Give data whose shapes fit the equations, or correct --size.""",
    ),
    "a size that nothing tells": (
        {},
        (*DIGITS[:6],),
        """The size of the index 'i' in 'w⁽¹⁾' is not known.
  no data has that axis; it is an axis of z, w⁽¹⁾, b⁽¹⁾, h, w⁽²⁾
State it, for example:  --size h=32""",
    ),
    "a size of no vector": (
        {},
        (*DIGITS, "--size", "q=3"),
        """There is no vector 'q' whose size could be stated.
  --size q=3
Name one of these vectors:  z, x, b_1, h, y, b_2, t""",
    ),
    "a size that is no number": (
        {},
        (*DIGITS, "--size", "h"),
        """'h' does not state a size.
  --size h
Write, for example:  --size h=32""",
    ),
    "a value of another shape": (
        {"line.txt": LINE.replace("w x + b", "w x + c b")},
        (*POINTS, "--set", "c=[1,2]"),
        """'c' has no axes in the equations, and the value of 'c' has 1 axis.
  c: 2
Give a number.""",
    ),
    "a value for a computed line": (
        {},
        (*POINTS, "--set", "y=1"),
        """'y' is computed by a line, so it has no fixed value.
  --set y=…
Give values to free quantities that are neither parameters nor data.""",
    ),
    "a parameter that is computed": (
        {},
        (*POINTS, "--params", "y"),
        """'y' is computed by a line, so it cannot be a parameter.
  y = w x + b
Name free quantities:  w, b""",
    ),
    "a parameter that is not there": (
        {},
        (*POINTS, "--params", "q"),
        """There is no quantity 'q'.
  --params q
Write one of the quantities:  y, w, x, b, L, t""",
    ),
    "a binding of no quantity": (
        {},
        (*POINTS, "--bind", "q=x"),
        """'q' is bound to data, but it is not a free quantity of the equations.
  --bind 'q=x'; free quantities: x, t
Write one of these names on the left.""",
    ),
    "unknown optimizer": (
        {},
        (*POINTS, "--optimizer", "adamm"),
        """There is no optimizer 'adamm'.
  known: sgd, momentum, adam, adamw
Write one of these names, for example 'adam'.""",
    ),
    "unknown data set": (
        {},
        ("train", "line.txt", "--data", "diabets"),
        """'diabets' is neither a file here nor a data set that is known.
  known sets: breast_cancer, diabetes, digits, iris, wine
Write one of these names or the path of a CSV or .npz file, for example 'diabetes'.""",
    ),
    "unknown option": (
        {},
        ("train", "line.txt", "--dta", "numbers.csv"),
        """No such option: --dta (Possible options: --data, --set, --stream).
  wengert train line.txt --dta numbers.csv
See the options:  wengert train --help""",
    ),
    "an unknown back end": (
        {},
        (*POINTS, "--backend", "cuda"),
        """Invalid value for '--backend': Value error, 'cuda' is not one of 'native', 'interpreter', 'xla'.
  wengert train line.txt --data numbers.csv --epochs 1 --backend cuda
See the options:  wengert train --help""",
    ),
    "a number that is none": (
        {},
        (*POINTS, "--lr", "fast"),
        """Invalid value for '--lr': Input should be a valid number, unable to parse string as a number.
  wengert train line.txt --data numbers.csv --epochs 1 --lr fast
See the options:  wengert train --help""",
    ),
    "the model in a folder that is not there": (
        {},
        (*POINTS, "--out", "models/m"),
        """The model cannot be written: there is no folder {here}/models.
  models/m
Give a path in a folder that exists and that you may write to.""",
    ),
    "the model in place of a device": (
        {},
        (*POINTS, "--out", "pipe"),
        """The model cannot be written: it is a device or a pipe, not a file.
  pipe
Give a path in a folder that exists and that you may write to.""",
    ),
    "no model to resume": (
        {},
        (*POINTS, "--resume"),
        """The model file cannot be read: No such file or directory.
  model.safetensors
Give the path of a file that 'wengert train' wrote.""",
    ),
    "prediction from no model": (
        {},
        ("predict", "numbers.csv", "--data", "numbers.csv"),
        """The file is not a model that wengert wrote, or its beginning is damaged.
  numbers.csv
Give the path of a file that 'wengert train' wrote.""",
    ),
    "divergence": (
        {},
        (*POINTS, "--epochs", "2000", "--optimizer", "sgd", "--lr", "9"),
        """The loss over the 2 examples of an evaluation is inf.
  after an epoch
Write a smaller --lr, standardise the inputs, or look at the equations' domains.""",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_bad_input_is_three_lines_status_2_and_no_file(run, folder, case):
    files, arguments, expected = REFUSALS[case]
    for name, text in files.items():
        Path(name).write_text(text, encoding="utf-8")
    before = content()
    status, _, complaint = run(*arguments)
    assert Path("pipe").is_fifo()
    expected = expected.replace("{here}", os.path.realpath(folder))
    assert complaint == expected + "\n"
    assert status == 2
    assert content() == before


@pytest.fixture
def trained(run):
    """A model file of line.txt after two epochs."""
    status, _, complaint = run(*POINTS[:4], "--epochs", "2", "--out", "m")
    assert (status, complaint) == (0, "")
    return Path("m")


AGAIN = ("train", "line.txt", "--data", "numbers.csv", "--out", "m", "--epochs", "4", "--resume")


def refused(run, *arguments: str) -> str:
    before = content()
    status, _, complaint = run(*arguments)
    assert status == 2
    assert content() == before
    return complaint


def test_resume_with_other_lines_is_refused(run, trained):
    Path("line.txt").write_text(LINE.replace("½ (y − t)²", "(y − t)²"), encoding="utf-8")
    assert (
        refused(run, *AGAIN)
        == """The model file was made from other equations.
  m: its line 4 is 'L = ½ (y − t)²', and here it is 'L = (y − t)²'
Give the equations, sizes and constants that it was trained with, or train anew without --resume.
"""
    )


def test_resume_with_another_size_is_refused(run):
    run(*DIGITS, "--out", "m")
    resumed = [part.replace("h=4", "h=5") for part in DIGITS]
    assert (
        refused(run, *resumed, "--epochs", "2", "--out", "m", "--resume")
        == """The index 'i' has two sizes, 4 and 5.
  4 in the saved model, 5 in --size h=5
Give data whose shapes fit the equations, or correct --size.
"""
    )


def test_resume_with_another_constant_is_refused(run):
    Path("line.txt").write_text(LINE.replace("w x + b", "w x + c b"), encoding="utf-8")
    run(*POINTS, "--set", "c=1", "--out", "m")
    assert (
        refused(run, *AGAIN, "--set", "c=2")
        == """The model file was made from other equations.
  m: the text is the same, but sizes or constants differ
Give the equations, sizes and constants that it was trained with, or train anew without --resume.
"""
    )


def test_resume_with_other_data_is_refused(run, trained):
    Path("numbers.csv").write_text(NUMBERS.replace("\n5,11,", "\n5,12,"))
    assert (
        refused(run, *AGAIN)
        == """The data is not what the saved training had.
  m: its training examples were others than those of 'numbers.csv'
Give the same data, or leave --resume out to begin a new training.
"""
    )


@pytest.mark.parametrize("command", [AGAIN, ("predict", "m", "--data", "numbers.csv")])
def test_corrupted_model_is_refused(run, trained, command):
    damaged = bytearray(trained.read_bytes())
    damaged[-5] ^= 1
    trained.write_bytes(damaged)
    assert (
        refused(run, *command)
        == f"""The model file is damaged: its content does not have the digest that was written with it.
  m: {len(damaged)} bytes
Use another copy, or train again.
"""
    )


def wengert(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from wengert.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_full_disk_leaves_the_old_model_and_no_part_of_a_new_one(run, trained):
    """A limit on the size of files stands for the full disk: the system call fails in the same place."""
    before = content()

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    done = wengert(*POINTS, "--out", "m", preexec_fn=limit)
    said = done.stderr.splitlines()
    assert done.returncode == 2
    assert said[0] == "The model cannot be written: the disk is full, or a limit on the size of files is reached."
    assert said[1].startswith("  m: ")
    assert said[1].endswith(" bytes to write; the file that was there is unchanged")
    assert said[2:] == ["Free some space, or give a path on another disk."]
    assert content() == before


def test_ten_epochs_are_five_and_five_more_to_the_last_byte(run):
    options = ("--standardise", "x", "--seed", "3", "--test", "0.2")
    ten = [part if part != "1" else "10" for part in DIGITS]
    five = [part if part != "1" else "5" for part in DIGITS]
    assert run(*ten, *options, "--out", "whole")[0] == 0
    assert run(*five, *options, "--out", "parts")[0] == 0
    middle = Path("parts").read_bytes()
    assert run("train", "net.txt", "--data", "digits", "--out", "parts", "--epochs", "10", "--resume")[0] == 0
    assert Path("parts").read_bytes() == Path("whole").read_bytes() != middle


def test_parameters_and_constants_of_the_command_line_are_kept_for_resuming(run):
    Path("line.txt").write_text("data x, t\ny = w x + c b\nL = ½ (y − t)²\n", encoding="utf-8")
    stated = ("--params", "w,b", "--set", "c=2")
    assert run(*POINTS[:4], *stated, "--epochs", "4", "--out", "whole")[0] == 0
    assert run(*POINTS[:4], *stated, "--epochs", "2", "--out", "m")[0] == 0
    assert run(*AGAIN)[0] == 0
    assert Path("m").read_bytes() == Path("whole").read_bytes()


def test_ctrl_c_saves_and_leaves_with_130():
    command = [sys.executable, "-c", "from wengert.cli import main; main()", *DIGITS[:8]]
    options = ["--epochs", "1000000", "--out", "m", "--log", "log", "--json"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        begun = "".join(process.stdout.readline() for _ in range(3))
        process.send_signal(signal.SIGINT)
        said, complaints = begun + process.stdout.read(), process.stderr.read()
    last = json.loads(said.splitlines()[-1])
    assert (process.returncode, complaints) == (130, "")
    assert last["interrupted"] is True
    assert load_model("m").progress.epoch == last["epoch"] > 0


COUNTED = """
import atexit, json, sys
from wengert.targets.native import jit
from wengert.cli import main
atexit.register(lambda: print(json.dumps([jit.COUNTS.compiled, jit.COUNTS.found]), file=open("counts", "w")))
main()
"""


def counted(folder: str, *arguments: str) -> tuple[list[int], set[str]]:
    """A training in a process of its own with its cache in a folder: pieces of code compiled and found there, and the entries."""
    environment = {**os.environ, "XDG_CACHE_HOME": folder}
    command = [sys.executable, "-c", COUNTED, *POINTS, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(Path("counts").read_text()), {str(path) for path in Path(folder).rglob("*.o")}


def test_second_start_compiles_nothing(tmp_path):
    folder = str(tmp_path / "cache")
    (compiled, found), entries = counted(folder)
    assert compiled == len(entries) > 0
    assert found == 0
    assert counted(folder) == ([0, compiled], entries)
    assert Path("model.safetensors").exists()


def test_without_a_cache_nothing_is_looked_for_or_kept(tmp_path):
    folder = str(tmp_path / "cache")
    (compiled, found), entries = counted(folder, "--no-cache")
    assert compiled > 0
    assert (found, entries) == (0, set())


def test_the_interpreter_compiles_nothing(tmp_path):
    assert counted(str(tmp_path / "cache"), "--backend", "interpreter") == ([0, 0], set())


def test_back_ends_reach_the_same_model_to_rounding(run):
    more = ("--epochs", "20", "--standardise", "x", "--seed", "2")
    models = []
    for backend in ("native", "interpreter"):
        assert run(*DIGITS[:-2], *more, "--backend", backend)[0] == 0
        models.append(load_model("model.safetensors"))
    native, interpreted = models
    assert native.run == interpreted.run
    for name, value in interpreted.parameters.items():
        np.testing.assert_allclose(native.parameters[name], value, rtol=1e-6, atol=1e-9)
    for a, b in zip(native.progress.history, interpreted.progress.history, strict=True):
        assert a.metric == b.metric
        assert a.loss == pytest.approx(b.loss, rel=1e-9)


def test_what_diverges_has_the_three_lines_and_leaves_no_model(run):
    said = refused(run, *POINTS[:4], "--lr", "1e9", "--optimizer", "sgd", "--epochs", "500")
    what, where, repair = said.splitlines()
    assert what == "The loss over the 2 examples of an evaluation is inf."
    assert where == "  after an epoch"
    assert repair == "Write a smaller --lr, standardise the inputs, or look at the equations' domains."
    assert not Path("model.safetensors").exists()


def test_json_output_is_json_lines_only(run):
    status, said, complaint = run(*POINTS, "--json", "--log", "log")
    events = [json.loads(line) for line in said.splitlines()]
    assert (status, complaint) == (0, "")
    assert [event["event"] for event in events] == ["start", "epoch", "finish"]
    assert Path("log").read_text() == said


def test_test_examples_are_held_out_before_and_measured_once(run):
    status, said, _ = run(*DIGITS, "--test", "0.2", "--validation", "0.25", "--json")
    start, epoch, finish = map(json.loads, said.splitlines())
    assert status == 0
    assert (start["training_examples"], start["validation_examples"], start["test_examples"]) == (1078, 360, 359)
    assert "test" not in epoch
    assert finish["test"]["examples"] == 359
    assert "  t: 1078 × 10" in run(*DIGITS, "--test", "0.2", "--validation", "0.25")[1]


def test_test_data_may_be_a_file_of_its_own(run):
    Path("more.csv").write_text("x,t\n1,3\n2,5\n")
    status, said, _ = run(*POINTS, "--test", "more.csv", "--validation", "0")
    assert status == 0
    assert "data: numbers.csv, 10 examples for training, 2 for the test" in said


def test_prediction_on_csv_gives_the_classes_of_the_training(run):
    table = load("iris")
    species = np.array(["setosa", "versicolor", "virginica"])[table["target"]]
    header = "a,b,c,d"
    rows = [",".join(map(str, row)) for row in table["data"]]
    Path("iris.csv").write_text("\n".join([f"{header},species", *map(",".join, zip(rows, species, strict=True))]))
    Path("new.csv").write_text("\n".join([header, *rows]))
    options = ("--size", "h=8", "--standardise", "x", "--lr", "0.02", "--epochs", "200")
    bind = ("--bind", "x=[a,b,c,d],t=onehot(species)")
    assert run("train", "net.txt", "--data", "iris.csv", *bind, *options)[0] == 0
    status, said, complaint = run("predict", "model.safetensors", "--data", "new.csv")
    assert (status, complaint) == (0, "")
    header, *lines = said.splitlines()
    assert header == "y_1,y_2,y_3,predicted_t"
    found = np.array([line.rsplit(",", 1)[1] for line in lines])
    assert set(found) == set(species)
    assert (found == species).mean() > 0.9
    status, _, complaint = run("predict", "model.safetensors", "--data", "iris.csv", "--out", "p.npz")
    assert (status, complaint) == (0, f"accuracy(y, t): {(found == species).mean():.4f}\n")
    with np.load("p.npz") as arrays:
        assert (arrays["predicted_t"] == species).all() == (found == species).all()


def test_what_was_guessed_is_said_before_training(run):
    Path("guess.txt").write_text("params w\ndata x, t\nL = 1/2 (wx - t)^2\n", encoding="utf-8")
    warnings = wg.equations(Path("guess.txt")).warnings
    status, _, complaint = run("train", "guess.txt", "--data", "numbers.csv", "--epochs", "1")
    assert (status, complaint) == (0, "".join(f"warning: {warning}\n" for warning in warnings))
    assert len(warnings) == 1


def test_missing_equation_file_is_named(run):
    complaint = refused(run, "train", "nets.txt", "--data", "digits")
    assert "nets.txt" in complaint
    assert "No such file or directory" in complaint
