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
from collections.abc import Sequence
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


def steps(folder: Path) -> set[str]:
    """The checkpoints that are whole."""
    return {name for name in os.listdir(folder) if name.isdigit()} if folder.exists() else set()


class Ending:
    """Sends a signal to one rank of each start, until so many got it: early ones before any checkpoint, others once there is a new one."""

    def __init__(self, folder: Path, count: int, early: int, ranks: Sequence[int], sign: int = signal.SIGKILL) -> None:
        self.folder, self.count, self.early, self.ranks, self.sign = folder, count, early, ranks, sign
        self.rng = random.Random(0)
        self.sent: list[tuple[int, bool]] = []
        """(rank, whether a checkpoint was there) of each."""
        self.starts = 0

    def __call__(self, pids: list[int]) -> None:
        self.starts += 1
        if len(self.sent) < self.count:
            threading.Thread(target=self._send, args=(pids,), daemon=True).start()

    def _send(self, pids: list[int]) -> None:
        before, early = steps(self.folder), len(self.sent) < self.early
        new = 0 if early else self.rng.randint(1, 2)
        while len(steps(self.folder) - before) < new:
            time.sleep(0.01)
        time.sleep(self.rng.uniform(0, 1.0 if early else 0.05))
        rank = self.ranks[len(self.sent) % len(self.ranks)]
        self.sent.append((rank, bool(steps(self.folder))))
        with suppress(ProcessLookupError):
            os.kill(pids[rank], self.sign)


@pytest.mark.parametrize("count", [2, 4])
def test_a_training_that_is_killed_again_and_again_ends_as_one_that_is_not(files, count):
    """Any rank, at random moments, also before the first checkpoint: the same bits. Each kill counts that the launcher saw."""
    kills = rounds(2, 20)
    kept = ("--checkpoint-every", "5")
    epochs, mesh = 10 + 4 * kills, f"data={count}"
    whole = command(files, out="whole", epochs=epochs, mesh=mesh, more=("--checkpoints", str(files / "a"), *kept))
    torn = command(files, out="torn", epochs=epochs, mesh=mesh, more=("--checkpoints", str(files / "b"), *kept))
    said: list[str] = []
    assert Launch(count, whole, 0, 120, said.append).run() == 0
    assert said == []
    order = random.Random(count)
    killing = Ending(files / "b", kills, max(kills // 10, 1), [order.randrange(count) for _ in range(kills)])
    assert Launch(count, torn, kills, 120, said.append, killing).run() == 0
    seen = [sentence for sentence in said if sentence.startswith("Rank ") and "was ended by signal 9" in sentence]
    assert [int(sentence.split()[1]) for sentence in seen] == [rank for rank, _ in killing.sent]
    assert len(seen) == kills
    assert killing.starts == kills + 1
    assert {False, True} == {there for _, there in killing.sent}
    one, other = parameters(files / "whole"), parameters(files / "torn")
    assert {n: a.tobytes() for n, a in one.items()} == {n: a.tobytes() for n, a in other.items()}


@pytest.mark.parametrize("killed", [0, 1])
def test_without_the_launcher_too_a_rank_leaves_within_30_s_of_another(files, killed):
    """As under Slurm, MPI and Kubernetes, where only JAX's heartbeats say that one is gone."""
    from wengert.train.meeting import Host

    host = Host(2, 60)
    meeting = {"WENGERT_MEETING": "{}:{}".format(*host.address), "WENGERT_PROCESSES": "2", "WENGERT_PATIENCE": "60"}
    arguments = command(files, out="long", epochs=100_000, more=("--checkpoints", str(files / "k")))
    ranks = [started(arguments, env={**meeting, "WENGERT_RANK": str(rank)}) for rank in (0, 1)]
    try:
        for _ in range(LIMIT * 20):
            if steps(files / "k"):
                break
            time.sleep(0.05)
        ranks[killed].kill()
        _, said = ranks[1 - killed].communicate(timeout=30)
        assert ranks[1 - killed].returncode != 0, said
    finally:
        for rank in ranks:
            rank.kill()
            rank.communicate()


def test_a_training_goes_on_where_a_rank_stands_still(files):
    more = ("--checkpoints", str(files / "h"), "--checkpoint-every", "5")
    said: list[str] = []
    stopping = Ending(files / "h", 1, 0, [1], signal.SIGSTOP)
    assert Launch(2, command(files, out="still", epochs=60, more=more), 1, 120, said.append, stopping).run() == 0
    assert said == [
        "Rank 0 lost touch with another one; all were stopped.",
        "Starting again from the last checkpoint, 1 of 1 times.",
    ]
    assert stopping.starts == 2


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


FULL_FOR_ONE = """
import os, resource, sys
if os.environ["WENGERT_RANK"] == sys.argv.pop(1):
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, resource.RLIM_INFINITY))
from wengert.cli import main
main()
"""


@pytest.mark.parametrize("full", [0, 1])
def test_where_the_disk_of_one_rank_is_full_no_other_waits_for_it(files, full):
    """The rank that writes says so, and the training goes on; the others write nothing, so a full disk is none of theirs."""
    from wengert.train.meeting import Host

    more = ("--checkpoints", str(files / "m"), "--checkpoint-every", "8")
    ended(started(launched(2, command(files, out="first", epochs=3, more=more))))
    before = steps(files / "m")
    host = Host(2, 60)
    meeting = {"WENGERT_MEETING": "{}:{}".format(*host.address), "WENGERT_PROCESSES": "2", "WENGERT_PATIENCE": "60"}
    script = [sys.executable, "-c", FULL_FOR_ONE, str(full), *command(files, out="full", epochs=6, more=more)]
    ranks = [
        subprocess.Popen(
            script,
            env={**os.environ, **meeting, "WENGERT_RANK": str(k)},
            stdout=subprocess.PIPE,  # a file would be full too
            stderr=subprocess.PIPE,
            text=True,
        )
        for k in (0, 1)
    ]
    try:
        said = [rank.communicate(timeout=LIMIT)[1] for rank in ranks]
    finally:
        for rank in ranks:
            rank.kill()
    sentence = "A checkpoint could not be written: [Errno 27] File too large. The one before it stays."
    assert said[0].count(sentence) == (3 if full == 0 else 0)
    assert sentence not in said[1]
    assert full == 0 or ranks[0].returncode == 0, said[0]  # rank 0 writes the model too
    assert (steps(files / "m") == before) == (full == 0)
    ended(started(launched(2, command(files, out="second", epochs=8, more=more))))
    other = ("--checkpoints", str(files / "n"), "--checkpoint-every", "8")
    ended(started(launched(2, command(files, out="straight", epochs=8, more=other))))
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


def test_what_is_said_of_a_torn_checkpoint_reaches_the_user_of_a_launch(files):
    more = ("--checkpoints", str(files / "l"), "--checkpoint-every", "8")
    ended(started(launched(2, command(files, out="first", epochs=6, more=more))))
    newest = max(int(step) for step in steps(files / "l"))
    for f in (files / "l" / str(newest) / "facts").rglob("*"):
        if f.is_file():
            f.write_bytes(b"")
    said = ended(started(launched(2, command(files, out="second", epochs=7, more=more))))
    torn = [line for line in said.splitlines() if line.startswith(f"The checkpoint of step {newest} is torn")]
    assert len(torn) == 1
    assert (files / "l" / f"torn-{newest}").exists()


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
