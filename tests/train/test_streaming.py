"""Parquet and Arrow files: as a table, and streamed in shuffled buffers that the processes share."""

from __future__ import annotations

import io
import time
from pathlib import Path

import numpy as np
import pytest

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'wengert[arrow]'")

from wengert.errors import DataError  # noqa: E402
from wengert.train.arrow import PREFETCHED, Dataset, Stream  # noqa: E402
from wengert.train.data import load  # noqa: E402
from wengert.train.equations import task  # noqa: E402
from wengert.train.model import Plan, Progress  # noqa: E402
from wengert.train.session import train  # noqa: E402
from wengert.train.streaming import Streamed  # noqa: E402
from wengert.train.task import TrainOptions  # noqa: E402

ROWS = 1000
LOGISTIC = """params w, b
data x, t

z = Σ_j w_j x_j + b
y = σ(z)
L = −t log y − (1 − t) log(1 − y)
"""


def table(first: int, rows: int):
    numbers = np.arange(first, first + rows)
    rng = np.random.default_rng(first)
    x = rng.normal(size=(rows, 3))
    lists = pa.FixedSizeListArray.from_arrays(pa.array(x.ravel()), 3)
    return pa.table({"x": lists, "t": (x @ [1.0, -2.0, 0.5] > 0).astype(float), "number": numbers})


def write(file: Path, data, rows: int) -> None:
    if file.suffix == ".parquet":
        import pyarrow.parquet as pq

        pq.write_table(data, file, row_group_size=rows)
        return
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, data.schema) as writer:
        writer.write_table(data, max_chunksize=rows)


@pytest.fixture(params=[".parquet", ".arrow"])
def folder(request, tmp_path):
    """Four files of 250 rows, in pieces of 50."""
    for k in range(4):
        write(tmp_path / f"{k}{request.param}", table(250 * k, 250), 50)
    return tmp_path


def test_a_folder_is_read_as_one_table(folder):
    found = load(str(folder))
    np.testing.assert_array_equal(found["number"], np.arange(ROWS))
    assert found["x"].shape == (ROWS, 3)
    np.testing.assert_array_equal(found["x"][:250], np.random.default_rng(0).normal(size=(250, 3)))


def numbers(stream: Stream, epoch: int) -> np.ndarray:
    return np.concatenate([table["number"] for table in stream.epoch(epoch)])


def test_an_epoch_has_every_row_once_in_an_order_of_its_own(folder):
    stream = Stream(Dataset(folder), 128, seed=3)
    first, again, second = numbers(stream, 0), numbers(stream, 0), numbers(stream, 1)
    np.testing.assert_array_equal(np.sort(first), np.arange(ROWS))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, numbers(Stream(Dataset(folder), 128, seed=4), 0))
    assert np.corrcoef(first, np.arange(ROWS))[0, 1] < 0.3


@pytest.mark.parametrize("count", [2, 3, 7])
def test_processes_read_disjoint_parts_of_equal_size(folder, count):
    parts = [numbers(Stream(Dataset(folder), 64, 0, rank, count), 0) for rank in range(count)]
    assert len({len(part) for part in parts}) == 1
    together = np.concatenate(parts)
    assert len(set(together.tolist())) == len(together)
    assert len(together) > ROWS - count * 50


def test_a_process_without_a_piece_is_refused(folder):
    with pytest.raises(DataError) as error:
        Stream(Dataset(folder), 64, 0, 0, 21)
    assert str(error.value).splitlines()[0] == "21 processes read the data set, and it has 20 pieces."


def test_a_schema_that_changes_between_files_is_said(folder):
    suffix = next(folder.iterdir()).suffix
    write(folder / f"9{suffix}", table(0, 10).set_column(1, "t", pa.array(["a"] * 10)), 10)
    with pytest.raises(DataError) as error:
        Dataset(folder)
    assert str(error.value).splitlines()[:2] == [
        "The column 't' is not the same in all files of the data set.",
        f"  0{suffix}: double; 9{suffix}: string",
    ]


def test_the_order_of_columns_and_what_may_be_null_are_each_files_own(folder):
    suffix = next(folder.iterdir()).suffix
    other = table(1000, 50).select(["number", "t", "x"])
    strict = pa.schema([pa.field(f.name, f.type, nullable=False, metadata={"unit": "m"}) for f in other.schema])
    write(folder / f"9{suffix}", other.cast(strict), 10)
    found = load(str(folder))
    np.testing.assert_array_equal(found["number"], np.arange(1050))
    assert len(numbers(Stream(Dataset(folder), 128, 0), 0)) == 1050


def test_a_column_that_is_missing_in_a_file_is_said(folder):
    suffix = next(folder.iterdir()).suffix
    write(folder / f"9{suffix}", table(0, 10).drop_columns(["t"]), 10)
    with pytest.raises(DataError) as error:
        Dataset(folder)
    assert str(error.value).splitlines() == [
        "The column 't' is not the same in all files of the data set.",
        f"  0{suffix}: double; 9{suffix}: no such column",
        "Write all files with the same columns, or name those that have.",
    ]


@pytest.mark.parametrize("name", ["!first", "1middle", "zlast"])
def test_a_file_without_rows_adds_none_and_its_columns_count(folder, name):
    suffix = next(folder.iterdir()).suffix
    write(folder / f"{name}{suffix}", table(0, 0), 10)
    np.testing.assert_array_equal(load(str(folder))["number"], np.arange(ROWS))
    write(folder / f"{name}{suffix}", table(0, 0).rename_columns(["x", "t", "n"]), 10)
    with pytest.raises(DataError, match="is not the same in all files"):
        Dataset(folder)


def test_a_data_set_without_rows_is_refused(tmp_path):
    for suffix in (".parquet", ".arrow"):
        write(tmp_path / f"none{suffix}", table(0, 0), 10)
    with pytest.raises(DataError) as error:
        load(str(tmp_path))
    assert str(error.value).splitlines() == [
        "The data set has no rows.",
        f"  {tmp_path}",
        "Give files that have some.",
    ]


def test_two_columns_of_one_name_are_refused(folder):
    suffix = next(folder.iterdir()).suffix
    write(folder / f"0{suffix}", table(0, 10).rename_columns(["x", "t", "t"]), 10)
    with pytest.raises(DataError) as error:
        Dataset(folder)
    assert str(error.value).splitlines()[0] == "Two columns have the name 't'."


def test_a_file_that_is_damaged_meanwhile_is_said(folder):
    found = Dataset(folder)
    file = found.pieces[-1].file
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(DataError) as error:
        list(Stream(found, 128, 0).epoch(0))
    assert str(error.value).splitlines()[0] == "The data file is no Parquet or Arrow file, or it is damaged."


def test_a_reader_with_less_than_a_minibatch_is_refused(tmp_path):
    for k, rows in enumerate((500, 3)):
        write(tmp_path / f"{k}.arrow", table(1000 * k, rows), rows)
    stream = Stream(Dataset(tmp_path), 64, 0, 0, 2)
    with pytest.raises(DataError) as error:
        next(Streamed(stream, None, lambda table: {})(Progress({}, {}), Plan(1, 16, 0, None)))
    assert str(error.value).splitlines() == [
        "One of 2 readers has 3 examples in an epoch, and its part of a minibatch is 8.",
        f"  {tmp_path}: 2 pieces, the smallest of them with 3",
        "Write the data in pieces of one size, or choose a smaller --batch.",
    ]


@pytest.mark.parametrize("buffer", [64, 192])
def test_so_many_rows_are_in_memory_and_no_more(folder, monkeypatch, buffer):
    """The buffers read ahead, the one that is made, the one that waits to be queued, and a piece."""
    held, most = [0], [0]
    read = Dataset.read

    def counted(self, piece):
        held[0] += piece.rows
        most[0] = max(most[0], held[0])
        return read(self, piece)

    monkeypatch.setattr(Dataset, "read", counted)
    found = []
    for got in Stream(Dataset(folder), buffer, 0).epoch(0):
        time.sleep(0.05)  # the reader is faster than the training
        found.append(len(got["number"]))
        held[0] -= len(got["number"])
    assert sum(found) == ROWS
    assert max(found) == buffer
    assert buffer * PREFETCHED < most[0] <= buffer * (PREFETCHED + 2) + 50


def test_a_file_that_is_none_is_said(tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"no Parquet")
    with pytest.raises(DataError, match="no Parquet or Arrow file, or it is damaged"):
        load(str(tmp_path / "x.parquet"))


def options(folder: Path, name: str, **more) -> TrainOptions:
    given = {"batch": 32, "epochs": 3, "metric": "none", "learning_rate": 0.05, "bind": "x=x,t=t"}
    return TrainOptions(str(folder), **{**given, **more}, model=folder.parent / name)


def trained(folder: Path, backend: str, name: str, **more):
    return train(task(LOGISTIC, backend=backend), options(folder, name, **more), stream=io.StringIO())


def test_a_stream_trains_to_the_same_bits_each_time(folder):
    whole = trained(folder, "native", "a", stream=320).saved
    assert whole.progress.state["count"] == 3 * (ROWS // 32)
    assert whole.progress.history[-1].loss < 0.6 * whole.progress.history[0].loss
    again = trained(folder, "native", "b", stream=320).saved
    for name, array in whole.parameters.items():
        assert array.tobytes() == again.parameters[name].tobytes()


def test_xla_trains_on_a_stream_as_native_code_does(folder):
    pytest.importorskip("jax", reason="JAX is not installed")
    one, other = (trained(folder, backend, backend, stream=320).saved.parameters for backend in ("native", "xla"))
    for name, array in one.items():
        np.testing.assert_allclose(array, other[name], rtol=1e-10)


class Killed(BaseException):
    """The end of a process, as a training sees it."""


@pytest.mark.parametrize("buffers", [1, 2, 5])
def test_a_stream_that_is_cut_off_goes_on_at_its_place_in_the_data(folder, monkeypatch, buffers):
    """In the middle of an epoch or the next: the same bits as without."""
    pytest.importorskip("jax", reason="JAX is not installed")
    kept = {"stream": 256, "checkpoint_every": 3, "epochs": 2}
    kept_in = folder.parent / f"{folder.name}-kept"
    whole = trained(folder, "xla", "whole", checkpoints=folder.parent / f"{folder.name}-straight", **kept).saved
    epoch, left = Stream.epoch, [buffers]

    def cut(self, number):
        for found in epoch(self, number):
            if not left[0]:
                raise Killed
            left[0] -= 1
            yield found

    with monkeypatch.context() as patched:
        patched.setattr(Stream, "epoch", cut)
        with pytest.raises(Killed):
            trained(folder, "xla", "cut", checkpoints=kept_in, **kept)
    assert max(int(f.name) for f in kept_in.iterdir()) < whole.progress.state["count"]
    again = trained(folder, "xla", "again", checkpoints=kept_in, **kept).saved
    assert again.progress.history == whole.progress.history
    for name, array in whole.parameters.items():
        assert array.tobytes() == again.parameters[name].tobytes()


def test_a_buffer_of_half_minibatches_is_refused(folder):
    with pytest.raises(DataError, match="no whole number of minibatches"):
        trained(folder, "native", "c", stream=100)
