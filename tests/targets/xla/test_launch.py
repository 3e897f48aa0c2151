"""Several processes: equal to one, killed and started again, refused where they differ; each run has a time limit of its own."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.thorough import rounds
from wengert.train.launch import Launch

ROOT = Path(__file__).parents[3]
LIMIT = 300
SCRIPT = "from wengert.cli import main; main()"
LOGISTIC = """params w, b
data x, t

z = Σ_j w_j x_j + b
y = σ(z)
L = −t log y − (1 − t) log(1 − y)
"""


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The equations, the data, and a folder for what is written; JAX on the CPU, with one device a process."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    monkeypatch.setenv("XLA_FLAGS", "")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(320, 6))
    np.savez(tmp_path / "data.npz", x=x, t=(x @ np.arange(6.0) > 0).astype(float))
    (tmp_path / "logistic.txt").write_text(LOGISTIC, encoding="utf-8")
    return tmp_path


def command(files: Path, *, out: str, epochs: int = 40, mesh: str | None = "data=2", more: tuple[str, ...] = ()):
    base = ["train", str(files / "logistic.txt"), "--data", str(files / "data.npz"), "--backend", "xla", "--lr", "0.01"]
    base += ["--batch", "32", "--epochs", str(epochs), "--metric", "none", "--json", "-o", str(files / out)]
    return [*base, *([] if mesh is None else ["--mesh", mesh, "--shard", "n=data"]), *more]


def started(arguments: list[str], devices: int = 1, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    flags = f"--xla_force_host_platform_device_count={devices}"
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments],
        env={**os.environ, "XLA_FLAGS": flags, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str], status: int = 0) -> str:
    """What a process says on standard error, at its end."""
    try:
        _, said = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode == status, said
    return said


def launched(count: int, arguments: list[str], restarts: int = 0, patience: int = 120) -> list[str]:
    return [
        "launch",
        "--processes",
        str(count),
        "--restarts",
        str(restarts),
        "--patience",
        str(patience),
        "--",
        *arguments,
    ]


def parameters(file: Path) -> dict[str, np.ndarray]:
    return {name: array for name, array in load_file(file).items() if name.startswith("param")}


def apart(a: Path, b: Path) -> float:
    one, other = parameters(a), parameters(b)
    assert set(one) == set(other)
    assert one
    return max(float(np.max(np.abs(one[n] - other[n]), initial=0) / np.max(np.abs(other[n]))) for n in one)


def test_two_and_four_processes_train_as_one(files):
    ended(started(command(files, out="one", mesh=None, epochs=6)))
    for count in (2, 4):
        ended(started(launched(count, command(files, out=f"many{count}", mesh=f"data={count}", epochs=6))))
        assert apart(files / f"many{count}", files / "one") < 1e-12


def test_a_training_with_rounded_factors_is_near_and_needs_data_in_float32(files):
    arguments = command(files, out="wide", mesh=None, epochs=6)
    assert "'x' is in float64" in ended(started([*arguments, "--factors", "bfloat16"]), 2).splitlines()[0]
    with np.load(files / "data.npz") as kept:
        np.savez(files / "data.npz", **{name: kept[name].astype(np.float32) for name in kept})
    ended(started(arguments))
    ended(started([*command(files, out="narrow", mesh=None, epochs=6), "--factors", "bfloat16"]))
    assert 1e-6 < apart(files / "narrow", files / "wide") < 0.05


def test_programs_are_kept_on_disk_and_found_there(files, monkeypatch):
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(files / "cache"))

    def kept() -> dict[str, bytes]:
        return {f.name: f.read_bytes() for f in (files / "cache" / "wengert" / "xla").glob("*-cache")}

    ended(started(command(files, out="without", mesh=None, epochs=3, more=("--no-cache",))))
    assert kept() == {}
    ended(started(command(files, out="first", mesh=None, epochs=3)))
    first = kept()
    assert first
    ended(started(command(files, out="second", mesh=None, epochs=3)))
    assert kept() == first
    assert apart(files / "second", files / "without") == 0


class Killing(threading.Thread):
    """Sends a signal to one of the ranks, once a checkpoint is there and a random while has passed."""

    def __init__(self, pids: list[int], folder: Path, rng: random.Random, sign: int) -> None:
        super().__init__(daemon=True)
        self.pids, self.folder, self.rng, self.sign = pids, folder, rng, sign

    def run(self) -> None:
        before = set(os.listdir(self.folder)) if self.folder.exists() else set()
        while not self.folder.exists() or not {n for n in os.listdir(self.folder) if n.isdigit()} - before:
            time.sleep(0.02)
        time.sleep(self.rng.uniform(0, 1.0))
        with suppress(ProcessLookupError):  # it was through
            os.kill(self.rng.choice(self.pids), self.sign)


def test_a_training_that_is_killed_again_and_again_ends_as_one_that_is_not(files):
    kept = ("--checkpoint-every", "5")
    whole = command(files, out="whole", epochs=120, more=("--checkpoints", str(files / "a"), *kept))
    torn = command(files, out="torn", epochs=120, more=("--checkpoints", str(files / "b"), *kept))
    said: list[str] = []
    assert Launch(2, whole, 0, 120, said.append).run() == 0
    rng, kills = random.Random(0), rounds(2, 20)

    def kill(pids: list[int]) -> None:
        if len(said_of_starts) < kills:
            said_of_starts.append(pids)
            Killing(pids, files / "b", rng, signal.SIGKILL).start()

    said_of_starts: list[list[int]] = []
    assert Launch(2, torn, kills + 2, 120, said.append, kill).run() == 0
    assert any("was ended by signal 9" in sentence for sentence in said)
    assert any("Starting again from the last checkpoint, 1 of" in sentence for sentence in said)
    one, other = parameters(files / "whole"), parameters(files / "torn")
    assert {n: a.tobytes() for n, a in one.items()} == {n: a.tobytes() for n, a in other.items()}


def test_a_training_goes_on_where_a_rank_stands_still(files):
    more = ("--checkpoints", str(files / "h"), "--checkpoint-every", "5")
    said: list[str] = []
    started_again: list[list[int]] = []

    def stop(pids: list[int]) -> None:
        started_again.append(pids)
        if len(started_again) == 1:
            Killing(pids[1:], files / "h", random.Random(1), signal.SIGSTOP).start()

    assert Launch(2, command(files, out="still", epochs=200, more=more), 1, 120, said.append, stop).run() == 0
    assert said[:2] == [
        "Rank 0 lost touch with another one; all were stopped.",
        "Starting again from the last checkpoint, 1 of 1 times.",
    ]
    assert len(started_again) == 2


FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (1024, resource.RLIM_INFINITY))
from wengert.cli import main
main()
"""


def test_on_a_full_disk_the_checkpoint_before_stays(files):
    more = ("--checkpoints", str(files / "i"), "--checkpoint-every", "8")
    ended(started(command(files, out="first", mesh=None, epochs=3, more=more)))
    before = {n for n in os.listdir(files / "i") if n.isdigit()}
    arguments = command(files, out="full", mesh=None, epochs=6, more=more)
    full = subprocess.run([sys.executable, "-c", FULL, *arguments], capture_output=True, text=True, timeout=LIMIT)
    assert "A checkpoint could not be written: [Errno 27] File too large. The one before it stays." in full.stderr
    assert full.returncode == 2
    assert full.stderr.splitlines()[-3].startswith("The model cannot be written: the disk is full")
    assert {n for n in os.listdir(files / "i") if n.isdigit()} == before
    ended(started(command(files, out="second", mesh=None, epochs=6, more=more)))
    other = ("--checkpoints", str(files / "j"), "--checkpoint-every", "8")
    ended(started(command(files, out="straight", mesh=None, epochs=6, more=other)))
    assert apart(files / "second", files / "straight") == 0


def test_a_torn_checkpoint_is_said_and_the_one_before_is_used(files):
    more = ("--checkpoints", str(files / "c"), "--checkpoint-every", "8")
    ended(started(command(files, out="first", mesh=None, epochs=6, more=more)))
    steps = sorted(int(n) for n in os.listdir(files / "c") if n.isdigit())
    assert len(steps) == 3
    biggest = max((f for f in (files / "c" / str(steps[-1])).rglob("*") if f.is_file()), key=lambda f: f.stat().st_size)
    biggest.write_bytes(biggest.read_bytes()[:10])
    for f in (files / "c" / str(steps[-1]) / "arrays").rglob("*"):
        if f.is_file():
            f.write_bytes(f.read_bytes()[: f.stat().st_size // 2])
    said = ended(started(command(files, out="second", mesh=None, epochs=9, more=more)))
    assert f"The checkpoint of step {steps[-1]} is torn" in said
    ended(
        started(
            command(files, out="straight", mesh=None, epochs=9, more=("--checkpoints", str(files / "d"), *more[2:]))
        )
    )
    assert apart(files / "second", files / "straight") == 0


def test_a_training_goes_on_with_another_number_of_devices(files):
    def more(folder: str) -> tuple[str, ...]:
        return ("--checkpoints", str(files / folder), "--checkpoint-every", "8")

    ended(started(command(files, out="half", mesh="data=4", epochs=5, more=more("e")), devices=4))
    ended(started(command(files, out="elastic", mesh="data=2", epochs=10, more=more("e")), devices=2))
    ended(started(command(files, out="whole", mesh="data=4", epochs=10, more=more("f")), devices=4))
    assert apart(files / "elastic", files / "whole") < 1e-12


def test_checkpoints_of_another_training_are_refused(files):
    more = ("--checkpoints", str(files / "g"), "--checkpoint-every", "8")
    ended(started(command(files, out="first", mesh=None, epochs=2, more=more)))
    said = ended(started(command(files, out="second", mesh=None, epochs=2, more=(*more, "--seed", "5"))), 2)
    assert said.startswith("The checkpoints are those of another training.\n")
    assert "its seed is 0, and this one's 5" in said


# the meeting


def invited(files: Path, rank: int, address: tuple[str, int], text: str = LOGISTIC) -> subprocess.Popen[str]:
    folder = files / f"rank{rank}"
    folder.mkdir()
    shutil.copy(files / "data.npz", folder)
    (folder / "logistic.txt").write_text(text, encoding="utf-8")
    arguments = command(files, out="none", epochs=2)
    arguments[1] = str(folder / "logistic.txt")
    meeting = {"WENGERT_MEETING": f"{address[0]}:{address[1]}", "WENGERT_RANK": str(rank), "WENGERT_PROCESSES": "2"}
    return started(arguments, env={**meeting, "WENGERT_PATIENCE": "60"})


def test_a_rank_with_other_equations_is_refused(files):
    from wengert.train.meeting import Host

    host = Host(2, 60)
    ranks = [
        invited(files, 0, host.address),
        invited(files, 1, host.address, LOGISTIC.replace("−t log y", "−2 t log y")),
    ]
    for rank in ranks:
        said = ended(rank, 2)
        assert said.startswith("Ranks 0 and 1 have other equations.\n")
        assert said.endswith("Give all ranks the same program, options and equations.\n")


def test_a_rank_that_never_comes_is_named(files):
    from wengert.train.meeting import Host

    said = ended(invited(files, 1, Host(2, 10).address), 2)
    assert said == (
        "Rank 0 of 2 did not come within 10 s.\n  there are 1\nSee what it printed, or wait longer:  --patience\n"
    )


def test_several_processes_without_a_mesh_are_refused(files):
    said = ended(started(launched(2, command(files, out="none", mesh=None))), 2)
    assert said.strip().splitlines()[0] == "Several processes train on a mesh, and none is stated."


def test_what_does_not_train_is_not_launched():
    said = ended(started(["launch", "--", "check", "x.md"]), 2)
    assert said == (
        "'check' is not run by several processes.\n  wengert launch -- check x.md\n"
        "Write:  wengert launch --processes 2 -- train FILE …\n"
    )
