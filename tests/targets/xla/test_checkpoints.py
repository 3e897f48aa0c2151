"""The checkpoints of a folder: which one is used, what is said of the others, and that nothing is lost."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from wengert.errors import ModelError
from wengert.targets.base import mesh_target
from wengert.train.checkpoints import Checkpoints
from wengert.train.model import Progress
from wengert.train.model_file import TrainingRun

RUN = TrainingRun("adam", {"learning_rate": 0.1}, 0, 8, "0", "data", "0")


def progress(step: int, width: int = 3) -> Progress:
    """Parameters and moments that say at which step they were."""
    w = np.arange(width) + float(step)
    return Progress({"w": w}, {"count": step, "m": {"w": w / 7}, "v": {"w": w / 3}}, 0, step, 0.25 * step)


class Folder:
    """A folder with the checkpoints of steps 1 to 3, and what was said of them."""

    def __init__(self, path) -> None:
        self.path, self.said = path, []

    def checkpoints(self, run: TrainingRun = RUN, fingerprint: str = "f"):
        return Checkpoints(self.path, 1, run, fingerprint, None, self.said.append)

    def latest(self, width: int = 3, **other) -> Progress:
        return self.checkpoints(**other).latest(progress(0, width))

    def files(self) -> dict[str, bytes]:
        return {str(f.relative_to(self.path)): f.read_bytes() for f in self.path.rglob("*") if f.is_file()}

    def tear(self, step: int, part: str) -> None:
        """Cut the files of a part in half."""
        torn = [f for f in (self.path / str(step) / part).rglob("*") if f.is_file()]
        assert torn
        for file in torn:
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = Folder(tmp_path_factory.mktemp("written"))
    checkpoints = folder.checkpoints()
    for step in (1, 2, 3):
        checkpoints(progress(step))
    checkpoints.close()
    assert folder.said == []
    return folder.path


@pytest.fixture
def folder(written, tmp_path):
    shutil.copytree(written, tmp_path / "saved")
    return Folder(tmp_path / "saved")


def same(one: Progress, other: Progress) -> None:
    assert (one.step, one.state["count"], one.loss_sum) == (other.step, other.state["count"], other.loss_sum)
    assert one.params["w"].tobytes() == other.params["w"].tobytes()
    for moment in ("m", "v"):
        assert one.state[moment]["w"].tobytes() == other.state[moment]["w"].tobytes()


def test_the_newest_checkpoint_is_used(folder):
    same(folder.latest(), progress(3))
    assert folder.said == []


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"fingerprint": "g"}, "its fingerprint is 'f', and this one's 'g'"),
        ({"run": replace(RUN, optimizer="sgd")}, "its optimizer is 'adam', and this one's 'sgd'"),
        ({"run": replace(RUN, data="else")}, "its data is 'data', and this one's 'else'"),
        ({"run": replace(RUN, seed=1)}, "its seed is 0, and this one's 1"),
        ({"run": replace(RUN, batch=16)}, "its batch is 8, and this one's 16"),
    ],
)
@pytest.mark.parametrize("newest", ["whole", "torn"])
def test_another_training_is_refused_and_touches_nothing(folder, other, what, newest):
    if newest == "torn":
        folder.tear(3, "facts")
    before = folder.files()
    with pytest.raises(ModelError) as error:
        folder.latest(width=5, **other)  # other equations have other shapes too
    assert str(error.value).splitlines() == [
        "The checkpoints are those of another training.",
        f"  {folder.path}: {what}",
        "Name another folder with --checkpoints, or start from an empty one.",
    ]
    assert folder.files() == before


@pytest.mark.parametrize("part", ["arrays", "facts"])
def test_a_torn_checkpoint_is_said_laid_aside_and_written_again(folder, part):
    folder.tear(3, part)
    before = {name: data for name, data in folder.files().items() if name.startswith("3/")}
    checkpoints = folder.checkpoints()
    same(checkpoints.latest(progress(0)), progress(2))
    assert [sentence.partition(" (")[0] for sentence in folder.said] == ["The checkpoint of step 3 is torn"]
    assert folder.said[0].endswith("; the one before it is used.")
    after = folder.files()
    assert {f"3/{name.removeprefix('torn-3/')}": after[name] for name in after if name.startswith("torn-3/")} == before
    checkpoints(progress(3))
    checkpoints.close()
    same(folder.latest(), progress(3))
    folder.tear(3, part)
    same(folder.latest(), progress(2))
    assert {"torn-3", "torn-3-1"} < {f.name for f in folder.path.iterdir()}


def test_where_all_are_torn_a_training_starts_anew(folder):
    for step in (1, 2, 3):
        folder.tear(step, "arrays")
    same(folder.latest(), progress(0))
    assert [sentence[:30] for sentence in folder.said] == [f"The checkpoint of step {k} is to" for k in (3, 2, 1)]


def test_bytes_that_changed_on_disk_are_found(folder, monkeypatch):
    """What the reader takes for whole, and is not what was written."""
    from wengert.targets.xla.storage import FolderStore

    read = FolderStore._read

    def changed(self, step, handler, **item):
        found = read(self, step, handler, **item)
        return {name: array + 1 for name, array in found.items()} if step == 3 and "arrays" in item else found

    monkeypatch.setattr(FolderStore, "_read", changed)
    same(folder.latest(), progress(2))
    assert "are not those that were written" in folder.said[0]


def test_checkpoints_hold_the_topology_seed_and_place_in_the_data(folder):
    _, facts = (
        mesh_target()
        .store(folder.path, folder.said.append)
        .latest({f"{group}/w": np.zeros(3) for group in ("parameter", "m", "v")}, lambda facts: None)
    )
    assert {key: facts[key] for key in ("mesh", "seed", "count", "epoch", "step", "data")} == {
        "mesh": None,
        "seed": 0,
        "count": 3,
        "epoch": 0,
        "step": 3,
        "data": "data",
    }
