"""Two processes that each stream their own part of a data set: as one that has the rows in that order, and the same bits after a kill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'wengert[arrow]'")

from tests.targets.xla.test_launch import LOGISTIC, Ending, files, parameters  # noqa: E402, F401
from wengert.train.arrow import Dataset, Stream  # noqa: E402
from wengert.train.equations import task  # noqa: E402
from wengert.train.launch import Launch  # noqa: E402
from wengert.train.session import prepare  # noqa: E402
from wengert.train.task import TrainOptions  # noqa: E402

BUFFER, BATCH, EPOCHS, RANKS = 64, 32, 5, 2


@pytest.fixture
def parts(files) -> Path:  # noqa: F811
    """Four files of 100 rows in pieces of 20."""
    import pyarrow.parquet as pq

    folder = files / "parts"
    folder.mkdir()
    for k in range(4):
        x = np.random.default_rng(k).normal(size=(100, 3))
        lists = pa.FixedSizeListArray.from_arrays(pa.array(x.ravel()), 3)
        t = (x @ [1.0, -2.0, 0.5] > 0).astype(float)
        pq.write_table(pa.table({"x": lists, "t": t}), folder / f"{k}.parquet", row_group_size=20)
    return folder


def command(files: Path, parts: Path, out: str) -> list[str]:  # noqa: F811
    base = ["train", str(files / "logistic.txt"), "--data", str(parts), "--bind", "x=x,t=t", "--stream", str(BUFFER)]
    base += ["--backend", "xla", "--mesh", "data=2", "--shard", "n=data", "--lr", "0.01", "--batch", str(BATCH)]
    base += ["--epochs", str(EPOCHS), "--metric", "none", "--json", "-o", str(files / out)]
    return [*base, "--checkpoints", str(files / f"{out}-saved"), "--checkpoint-every", "4"]


def by_one(files: Path, parts: Path) -> dict[str, np.ndarray]:  # noqa: F811
    """The parameters of native code, which has the minibatches of both ranks one behind the other."""
    options = TrainOptions(str(parts), bind="x=x,t=t", batch=BATCH, metric="none", learning_rate=0.01, stream=BUFFER)
    ready = prepare(task(LOGISTIC), options)
    params, state = ready.start.progress.params, ready.start.progress.state
    own = BATCH // RANKS
    for epoch in range(EPOCHS):
        streams = [Stream(Dataset(parts), BUFFER, 0, rank, RANKS).epoch(epoch) for rank in range(RANKS)]
        for tables in zip(*streams, strict=True):
            steps = len(tables[0]["t"]) // own
            if not steps:
                continue
            rows = {
                name: np.concatenate([t[name][own * k : own * (k + 1)] for k in range(steps) for t in tables])
                for name in ("x", "t")
            }
            assert ready.updates is not None
            updates = ready.updates.over(rows)
            updates.at_once = steps
            params, state, _ = updates(params, state, np.arange(BATCH * steps), 0, BATCH, steps)
    return params


def test_two_processes_stream_their_parts_and_go_on_where_they_were_killed(files, parts):  # noqa: F811
    said: list[str] = []
    assert Launch(RANKS, command(files, parts, "whole"), 0, 120, said.append).run() == 0
    assert said == []
    whole = parameters(files / "whole")
    for name, array in by_one(files, parts).items():
        (found,) = (a for n, a in whole.items() if n.rpartition("/")[2] == name or n.endswith(f".{name}"))
        assert np.max(np.abs(found - array)) <= 1e-12 * np.max(np.abs(array))
    killing = Ending(files / "torn-saved", 1, 0, [1])
    assert Launch(RANKS, command(files, parts, "torn"), 1, 120, said.append, killing).run() == 0
    assert "Rank 1 was ended by signal 9 (SIGKILL); the others were stopped." in said
    assert killing.starts == 2
    torn = parameters(files / "torn")
    assert {n: a.tobytes() for n, a in whole.items()} == {n: a.tobytes() for n, a in torn.items()}
