"""Model files: exact, whole at every moment, and refused when anything about them is wrong."""

from __future__ import annotations

import errno
import json
import math
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save, save_file

from tests.thorough import rounds
from wengert import atomic
from wengert.errors import ModelError
from wengert.train import model_file
from wengert.train.metrics import Metric
from wengert.train.model import EpochRecord, Progress
from wengert.train.model_file import SavedModel, TrainingRun, load_model, save_model
from wengert.train.preparation import Standardisation

SETTINGS = {"learning_rate": 0.1, "b1": 0.9, "b2": 0.999, "eps": 1e-8}
RUN = TrainingRun("adam", SETTINGS, 3, 64, "0.2", "ab" * 32)


def made(scale=1.0, size=5):
    params = {"w": np.linspace(0, scale, size * 2).reshape(2, size).T, "b": np.array(scale, np.float32)}
    state = {"count": 7, "m": {n: p + 1 for n, p in params.items()}, "v": {n: p + 2 for n, p in params.items()}}
    history = (EpochRecord(1, 0.1 + 0.2, None, None), EpochRecord(2, 1e-300, 0.25, 0.5))
    return SavedModel(
        fingerprint="f" * 8,
        equations='y = σ(w x) # "quoted" \\\nL = ½ (y − t)²',
        sizes={"d": 5},
        binding="x=data,t=onehot(target)",
        run=RUN,
        progress=Progress(params, state, 2, 3, 1 / 3, history),
        context={"params": "w,b"},
        classes={"t": (0, 2), "k": ("a", "b")},
        standardisation=Standardisation({"x/1": np.ones(5)}, {"x/1": np.full(5, 2.0)}),
        metric=Metric("accuracy", "y", "t", 0.5),
    )


def same(one, two):
    """Equal to the last bit, arrays and types included."""
    if isinstance(one, np.ndarray):
        return one.dtype == two.dtype and one.shape == two.shape and np.array_equal(one, two)
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(same(one[key], two[key]) for key in one)
    if hasattr(one, "__dataclass_fields__"):
        return all(same(getattr(one, name), getattr(two, name)) for name in one.__dataclass_fields__)
    return one == two


def refusal(path):
    with pytest.raises(ModelError) as caught:
        load_model(path)
    return caught.value


def test_what_is_saved_is_loaded(tmp_path):
    path = tmp_path / "m.safetensors"
    save_model(path, made())
    assert same(load_model(path), made())
    assert os.listdir(tmp_path) == ["m.safetensors"]


def test_equal_models_are_equal_files(tmp_path):
    for name in "ab":
        save_model(tmp_path / name, made())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_model_without_state_metric_or_history(tmp_path):
    plain = replace(
        made(),
        run=replace(RUN, optimizer="sgd", settings={"learning_rate": 0.1}),
        progress=Progress({"w": np.ones(2)}, {"count": 0}),
        metric=None,
        standardisation=Standardisation(),
    )
    save_model(tmp_path / "m", plain)
    assert same(load_model(tmp_path / "m"), plain)


def test_every_flipped_bit_is_found(tmp_path):
    path = tmp_path / "m"
    save_model(path, made())
    content = path.read_bytes()
    rng = np.random.Generator(np.random.PCG64(1))
    places = {*range(400), *rng.integers(0, len(content), 400).tolist()}
    for place in places:
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        refusal(path)


def test_every_truncation_and_extension_is_found(tmp_path):
    path = tmp_path / "m"
    save_model(path, made())
    content = path.read_bytes()
    for length in range(0, len(content), 13):
        path.write_bytes(content[:length])
        refusal(path)
    path.write_bytes(content + b"\0")
    assert refusal(path).what.startswith("The model file is damaged")


def test_foreign_files_are_refused(tmp_path):
    path = tmp_path / "m"
    save_file({"w": np.ones(3)}, path, {"format": "pt"})
    assert refusal(path).what == "The file is not a model that wengert wrote, or its beginning is damaged."
    path.write_bytes(b"\x89PNG" + bytes(1000))
    assert refusal(path).repair == "Give the path of a file that 'wengert train' wrote."
    assert refusal(tmp_path / "none").what == "The model file cannot be read: No such file or directory."
    assert refusal(tmp_path).what == "The model file cannot be read: Is a directory."


def test_later_format_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("wengert.train.model_file.FORMAT", 2)
    save_model(tmp_path / "m", made())
    monkeypatch.undo()
    assert refusal(tmp_path / "m").what == "The model file has format 2, and this version reads format 1."


def parts(saved=None):
    """The header, the record and the arrays of a model file."""
    content = model_file._encode(saved or made())
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    record = json.loads(header["__metadata__"]["wengert"][65:])
    return header, record, content[8 + length :]


def put(path, header, record, arrays):
    """Write a file of these parts whose digest is right."""
    written = record if isinstance(record, str) else json.dumps(record)
    header = {"__metadata__": {"wengert": "0" * 64 + " " + written}} | {
        key: value for key, value in header.items() if key != "__metadata__"
    }
    start = json.dumps(header, separators=(",", ":")).encode()
    start += b" " * (-len(start) % 8)
    content = bytearray(len(start).to_bytes(8, "little") + start + arrays)
    at = content.index(b'"wengert":"') + len(b'"wengert":"')
    content[at : at + 64] = model_file._digest(bytes(content), at)
    path.write_bytes(content)


def leaves(value, place=()):
    """Every value in a record, containers too, with its place."""
    yield place, value
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, (*place, key))


OTHERS = [None, True, "3", 3, -7, 1.5, 2**200, 10**400, math.inf, -math.inf, math.nan, [], {}, [[]], {"": ""}]
"""What may stand where something else should."""
OPEN = {"context": {"syntax": "x"}, "sizes": {"k": 2}, "classes": {"k2": [1]}}
"""What may have further names."""


def fits(place, old, new):
    """Whether a value is one that this field of `made` may have as well."""
    first, last = place[0], place[-1]
    if last in ("validation_loss", "metric", "threshold") and new is None:
        return True  # what was not measured
    if first in ("context", "sizes", "classes") and len(place) == 1:
        return new == {}
    if first == "classes" and len(place) == 3:
        return type(new) is type(old) and new in ([(-7, "3"), (3,)][place[2]])
    if last in ("validation", "test"):
        return False
    if old is None:
        old = 0.5
    if isinstance(old, str) and last not in ("kind", "optimizer", "data") and first != "parameters":
        return isinstance(new, str)
    if last == "low":
        return False
    if isinstance(old, int):
        return type(new) is int and new == 3 and last not in ("format", "epoch")
    if isinstance(old, float):
        finite = type(new) in (int, float) and abs(new) <= sys.float_info.max
        return finite and (first != "run" or (new > 0 and (last not in ("b1", "b2") or new < 1)))
    return False


@pytest.mark.parametrize("place", [place for place, _ in leaves(parts()[1]) if place], ids=str)
def test_every_field_of_the_record_takes_what_it_should_and_nothing_else(tmp_path, place):
    for other in OTHERS:
        header, record, arrays = parts()
        *above, last = place
        holder = record
        for key in above:
            holder = holder[key]
        old, holder[last] = holder[last], other
        if old == other and type(old) is type(other):
            continue
        put(tmp_path / "m", header, record, arrays)
        if fits(place, old, other):
            load_model(tmp_path / "m")
        else:
            error = refusal(tmp_path / "m")
            assert str(error).count("\n") == 2, (place, other)
            assert error.what.startswith(("The model file's record is not", "The model file has format")), error.what


@pytest.mark.parametrize("place", [place for place, x in leaves(parts()[1]) if isinstance(x, dict)], ids=str)
def test_a_record_has_no_field_too_many_or_too_few(tmp_path, place):
    def changed(change):
        header, record, arrays = parts()
        holder = record
        for key in place:
            holder = holder[key]
        change(holder)
        put(tmp_path / "m", header, record, arrays)
        return tmp_path / "m"

    if place and place[0] in OPEN:  # names that the training chooses
        assert load_model(changed(lambda holder: holder.update(OPEN[place[0]])))
        return
    assert "further' is not known" in refusal(changed(lambda holder: holder.update(further=1))).what
    _, record, _ = parts()
    for key in place:
        record = record[key]
    for name in record:
        error = refusal(changed(lambda holder, name=name: holder.pop(name)))
        assert f"{name}' is missing" in error.what


def test_a_wrong_field_is_named_with_its_place_and_what_stands_there(tmp_path):
    header, record, arrays = parts()
    record["history"][1]["epoch"] = -2
    put(tmp_path / "m", header, record, arrays)
    error = refusal(tmp_path / "m")
    assert error.what == (
        "The model file's record is not one that wengert writes: 'history[1].epoch' is -2, where a whole number from 1 to "
        "9007199254740992 stands."
    )
    assert (error.where, error.repair) == (f"  {tmp_path / 'm'}", "Use another copy, or train again.")


@pytest.mark.parametrize(
    "record",
    ["", "{", "[]", "3", '"x"', "null", '{"format": 1, "format": 1}', "[" * 100_000, '{"format": NaN}', "9" * 5000],
    ids=lambda text: text[:20],
)
def test_a_record_that_is_none_is_refused(tmp_path, record):
    header, _, arrays = parts()
    put(tmp_path / "m", header, record, arrays)
    assert str(refusal(tmp_path / "m")).count("\n") == 2


@pytest.mark.parametrize("change", ["missing", "unknown", "dtype", "shape"])
@pytest.mark.parametrize("key", ["parameter/w", "optimizer/m/w", "optimizer/v/b", "mean/x/1", "scale/x/1"])
def test_arrays_are_those_of_the_record_and_no_others(tmp_path, key, change):
    header, record, _ = parts()
    arrays = {
        name: np.ones(facts["shape"], {"F64": np.float64, "F32": np.float32}[facts["dtype"]])
        for name, facts in header.items()
        if name != "__metadata__"
    }
    if change == "missing":
        del arrays[key]
    elif change == "unknown":
        arrays[key + "2"] = arrays[key]
    elif change == "dtype":
        arrays[key] = arrays[key].astype(np.int32)
    else:
        arrays[key] = np.ones((7, *arrays[key].shape))
    content = save(arrays)
    length = int.from_bytes(content[:8], "little")
    put(tmp_path / "m", json.loads(content[8 : 8 + length]), record, content[8 + length :])
    error = refusal(tmp_path / "m")
    assert "'arrays." in error.what
    assert str(error).count("\n") == 2


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, np.inf])
def test_a_scale_that_is_not_positive_is_refused(tmp_path, scale):
    saved = replace(made(), standardisation=Standardisation({"x": np.ones(2)}, {"x": np.array([1.0, scale])}))
    save_model(tmp_path / "m", saved)
    assert "'arrays.scale/x' does not hold a positive number" in refusal(tmp_path / "m").what


class Other:
    fingerprint = "other"

    def __init__(self, rows=5):
        self.parameters = {"w": (rows, 2), "b": ()}


def test_model_of_other_equations_is_refused_with_the_first_line_that_differs():
    saved = made()
    with pytest.raises(ModelError) as caught:
        saved.require(Other(), saved.equations.replace("½", "2"), "m.safetensors")
    assert str(caught.value).split("\n") == [
        "The model file was made from other equations.",
        "  m.safetensors: its line 2 is 'L = ½ (y − t)²', and here it is 'L = 2 (y − t)²'",
        "Give the equations, sizes and constants that it was trained with, or train anew without --resume.",
    ]


def test_model_with_other_parameters_is_refused_by_their_shapes():
    with pytest.raises(ModelError, match=r"the file has the parameters w \(5 × 2\), b \(a number\)"):
        made().require(Other(9), "", "m")


def test_full_disk_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "m"
    save_model(path, made())
    before = path.read_bytes()

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(ModelError) as caught:
        save_model(path, made(2.0))
    assert caught.value.what.startswith("The model cannot be written: the disk is full")
    assert caught.value.repair == "Free some space, or give a path on another disk."
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["m"]


def test_limit_on_the_size_of_files_leaves_the_old_file_and_no_other(tmp_path):
    """The kernel itself refuses the write here: RLIMIT_FSIZE, whose signal Python ignores, gives EFBIG after a part is written."""
    path = tmp_path / "m"
    save_model(path, made())
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(ModelError, match="a limit on the size of files is reached"):
            save_model(path, made(size=100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["m"]


def test_ctrl_c_while_writing_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "m"
    save_model(path, made())
    before = path.read_bytes()

    def stopped(handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic.os, "fsync", stopped)
    with pytest.raises(KeyboardInterrupt):
        save_model(path, made(2.0))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["m"]


def test_missing_folder_and_folder_as_path(tmp_path):
    with pytest.raises(ModelError, match="The model cannot be written: No such file or directory"):
        save_model(tmp_path / "none" / "m", made())
    with pytest.raises(ModelError, match="The model cannot be written: Is a directory"):
        save_model(tmp_path, made())


def test_link_goes_on_pointing_and_stale_temporaries_are_removed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "m").symlink_to(tmp_path / "real" / "m")
    stale = tmp_path / "real" / ".m.0123456789ab.tmp"
    stale.write_bytes(b"left by a killed process")
    fresh = tmp_path / "real" / ".m.ba9876543210.tmp"
    fresh.write_bytes(b"of a process at work")
    os.utime(stale, (0, 0))
    save_model(tmp_path / "m", made())
    assert (tmp_path / "m").is_symlink()
    assert sorted(os.listdir(tmp_path / "real")) == [".m.ba9876543210.tmp", "m"]


ROOT = Path(__file__).parents[2]
SAVING = """
import sys, itertools
sys.path.insert(0, sys.argv[2])
from tests.train.test_model_file import made
from wengert.train.model_file import save_model
for i in itertools.count():
    save_model(sys.argv[1], made(float(i), size=20_000))
    print(i, flush=True)
"""


def test_kill_while_saving_leaves_a_readable_file(tmp_path):
    path = tmp_path / "m"
    rng = np.random.Generator(np.random.PCG64(2))
    last = []
    for _ in range(rounds(4, 20)):
        process = subprocess.Popen(
            [sys.executable, "-c", SAVING, str(path), str(ROOT)], stdout=subprocess.PIPE, text=True
        )
        with process:
            assert process.stdout is not None
            assert [process.stdout.readline() for _ in range(2)] == ["0\n", "1\n"]
            time.sleep(float(rng.uniform(0, 0.02)))
            process.send_signal(signal.SIGKILL)
            process.stdout.read()
        loaded = load_model(path)
        last.append(float(loaded.parameters["b"]))
        assert same(loaded, made(last[-1], size=20_000))
    assert min(last) > 0
