"""The launcher with ranks that train nothing: who is heard, who is ended, and that none is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from wengert.errors import TrainingError
from wengert.train import launch
from wengert.train.launch import Launch

LIMIT = 60
ATTACHED = "import os, signal, sys, time; from wengert.train.launched import attach; attach(); rank = os.environ['WENGERT_RANK']\n"


def launched(monkeypatch, code: str, restarts: int = 0, count: int = 2, on_start=lambda pids: None):
    """(status, what was said) of a launch whose ranks run that code."""
    monkeypatch.setattr(launch, "SCRIPT", ATTACHED + code)
    said: list[str] = []
    return Launch(count, (), restarts, 30, said.append, on_start).run(), said


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with suppress(OSError):  # a zombie has ended, whoever has yet to ask for its status
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def wait_for(true) -> None:
    for _ in range(LIMIT * 50):
        if true():
            return
        time.sleep(0.02)
    pytest.fail("it does not come")


def test_what_ranks_say_alike_is_told_once_and_the_log_of_cpp_is_not(monkeypatch):
    code = "print('torn', 'torn', f'rank {rank}', sep='\\n', file=sys.stderr); os.write(2, b'E1202 stack trace\\n')"
    status, said = launched(monkeypatch, code)
    assert status == 0
    assert sorted(said) == ["rank 0", "rank 1", "torn", "torn"]


def test_what_a_rank_says_is_told_while_it_runs(monkeypatch, tmp_path):
    """The rank waits for a file that is written when its sentence is heard."""
    heard = tmp_path / "heard"
    monkeypatch.setattr(
        launch,
        "SCRIPT",
        ATTACHED
        + f"print('Here.', file=sys.stderr)\nwhile not os.path.exists({str(heard)!r}): time.sleep(0.02)\nprint('Heard.', file=sys.stderr)",
    )
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        heard.touch()

    assert Launch(1, (), 0, 30, say).run() == 0
    assert said == ["Here.", "Heard."]


def test_a_mistake_is_told_by_the_rank_and_is_not_tried_again(monkeypatch):
    status, said = launched(monkeypatch, "print('No mesh.', file=sys.stderr); sys.exit(2)", restarts=3)
    assert (status, said) == (2, ["No mesh."])


@pytest.mark.parametrize(
    ("end", "status", "sentence"),
    [
        ("os.kill(os.getpid(), 9)", 1, "Rank 1 was ended by signal 9 (SIGKILL); the others were stopped."),
        ("sys.exit(7)", 7, "Rank 1 ended with status 7; the others were stopped."),
        ("os.abort()", 1, "Rank 1 lost touch with another one; all were stopped."),
    ],
)
def test_when_a_rank_ends_the_others_are_ended_and_all_start_again(monkeypatch, end, status, sentence):
    pids: list[int] = []
    found, said = launched(
        monkeypatch, f"{end} if rank == '1' else time.sleep(600)", restarts=1, count=3, on_start=pids.extend
    )
    assert found == status
    assert said == [sentence, "Starting again from the last checkpoint, 1 of 1 times.", sentence]
    assert len(pids) == 6
    assert not any(map(is_there, pids))


def test_a_rank_that_ignores_being_told_to_end_is_ended(monkeypatch):
    pids: list[int] = []
    code = "signal.signal(15, signal.SIG_IGN); time.sleep(1); sys.exit(7) if rank == '1' else time.sleep(600)"
    monkeypatch.setattr(launch, "STOPPING", 0.5)
    assert launched(monkeypatch, code, on_start=pids.extend)[0] == 7
    assert not any(map(is_there, pids))


LAUNCHER = """
import sys
from wengert.errors import TrainingError
from wengert.train import launch
launch.SCRIPT = {script!r}
sys.exit(launch.Launch(2, (), 0, 30, print, lambda pids: print(*pids, flush=True)).run())
"""


@pytest.mark.parametrize(("sign", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_launcher_that_is_ended_leaves_no_orphans(sign, status):
    script = LAUNCHER.format(script=ATTACHED + "time.sleep(600)")
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout is not None
        pids = [int(pid) for pid in launcher.stdout.readline().split()]
        assert len(pids) == 2
        time.sleep(1.0)
        launcher.send_signal(sign)
        assert launcher.wait(LIMIT) == status
    wait_for(lambda: not any(map(is_there, pids)))


def test_on_windows_nothing_is_started_and_it_is_said(monkeypatch):
    started: list[list[int]] = []
    monkeypatch.setattr("platform.system", lambda: "Windows")
    with pytest.raises(TrainingError) as error:
        launched(monkeypatch, "", on_start=started.append)
    assert str(error.value).splitlines()[0] == "Several processes are not launched on Windows."
    assert started == []
