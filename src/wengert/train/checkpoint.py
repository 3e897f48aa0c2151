"""Model files: parameters, optimizer state and all that training needs to go on, in one safetensors file with a
digest of its own.

The file's only metadata entry, "wengert", is 64 hexadecimal digits, a space and a JSON record. The digits are the
SHA-256 of the whole file with these digits as zeros, because safetensors itself does not notice a flipped bit.
Tensors are named parameter/NAME, optimizer/MOMENT/NAME, mean/NAME and scale/NAME. The module knows no equations; it
keeps their text.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from wengert.atomic import write_atomically
from wengert.errors import ModelError
from wengert.optim.rules import RULES
from wengert.train.binding import Classes
from wengert.train.metrics import Metric
from wengert.train.model import EpochRecord, Model, Progress
from wengert.train.preparation import Standardisation
from wengert.train.record import DIGITS, FORMAT, RECORD
from wengert.train.schema import WrongError, check_names, fields, inside, loads, text
from wengert.train.table import Array

_KEY = b'"wengert":"'
_LIMIT_HEADER = 100_000_000  # safetensors' own limit


@dataclass(frozen=True)
class TrainingRun:
    """What decides the numbers of a training besides the model and the data; the same again when it is resumed."""

    optimizer: str
    settings: Mapping[str, float]
    seed: int
    batch: int
    validation: str
    data: str
    """SHA-256 of the training arrays as the model saw them."""
    test: str = "0"


@dataclass(frozen=True)
class SavedModel:
    """A model file's content. `context` is what the caller needs to build the model again from the text of its
    equations.
    """

    fingerprint: str
    equations: str
    sizes: Mapping[str, int]
    binding: str
    run: TrainingRun
    progress: Progress
    context: Mapping[str, str] = field(default_factory=dict[str, str])
    classes: Mapping[str, Classes] = field(default_factory=dict[str, Classes])
    standardisation: Standardisation = field(default_factory=Standardisation)
    metric: Metric | None = None

    @property
    def parameters(self) -> Mapping[str, Array]:
        """The trained parameters by Python identifier."""
        return self.progress.params

    def require(self, model: Model, equations: str, path: str | Path) -> None:
        """Refuses a model of other equations, sizes or parameters.

        Raises:
            ModelError: the fingerprints or the shapes of the parameters differ.
        """
        shapes = {name: tuple(shape) for name, shape in model.parameters.items()}
        own = {name: value.shape for name, value in self.parameters.items()}
        if self.fingerprint == model.fingerprint and shapes == own:
            return
        if shapes != own:
            where = f"the file has the parameters {_shapes(own)}; the equations have {_shapes(shapes)}"
        else:
            where = _first_difference(self.equations, equations)
        raise ModelError(
            "The model file was made from other equations.",
            f"  {path}: {where}",
            "Give the equations, sizes and constants that it was trained with, or train anew without --resume.",
        )


def _shapes(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return (
        ", ".join(f"{name} ({' × '.join(map(str, shape)) or 'a number'})" for name, shape in shapes.items()) or "none"
    )


def _first_difference(ours: str, theirs: str) -> str:
    old, new = ours.split("\n"), theirs.split("\n")
    for number in range(max(len(old), len(new))):
        left = old[number].strip() if number < len(old) else "(no such line)"
        right = new[number].strip() if number < len(new) else "(no such line)"
        if left != right:
            return f"its line {number + 1} is '{left}', and here it is '{right}'"
    return "the text is the same, but sizes or constants differ"


def save_model(path: str | Path, saved: SavedModel) -> None:
    """Writes the model file atomically.

    Raises:
        ModelError: the disk is full, or the path cannot be written. The file that was there is then unchanged.
    """
    write_atomically(path, _encode(saved), "model")


def load_model(path: str | Path) -> SavedModel:
    """Reads a model file that save_model wrote; each byte is covered by its digest.

    Raises:
        ModelError: no such file, a damaged or truncated file, a file of another kind or of a later format.
    """
    try:
        content = _content(Path(path))
    except OSError as failure:
        raise ModelError(
            f"The model file cannot be read: {failure.strerror or failure}.",
            f"  {path}",
            "Give the path of a file that 'wengert train' wrote.",
        ) from failure
    at = -1 if content is None else content.find(_KEY, 8, 200)
    if content is None or at < 0 or len(content) < at + len(_KEY) + DIGITS:
        raise ModelError(
            "The file is not a model that wengert wrote, or its beginning is damaged.",
            f"  {path}",
            "Give the path of a file that 'wengert train' wrote.",
        )
    at += len(_KEY)
    if content[at : at + DIGITS] != _digest(content, at):
        raise ModelError(
            "The model file is damaged: its content does not have the digest that was written with it.",
            f"  {path}: {len(content)} bytes",
            "Use another copy, or train again.",
        )
    return _decode(content, path)


def _content(path: Path) -> bytes | None:
    """The file's bytes; None, without reading it all, for a file that cannot be safetensors."""
    with path.open("rb") as file:
        start = file.read(9)
        length = int.from_bytes(start[:8], "little")
        size = os.fstat(file.fileno()).st_size
        if len(start) < 9 or start[8:] != b"{" or length > min(_LIMIT_HEADER, size - 8):
            return None
        return start + file.read()


def _digest(content: bytes, at: int) -> bytes:
    digest = hashlib.sha256(content[:at])
    digest.update(b"0" * DIGITS)
    digest.update(memoryview(content)[at + DIGITS :])
    return digest.hexdigest().encode()


def _encode(saved: SavedModel) -> bytes:
    from safetensors.numpy import save

    progress = saved.progress
    tensors = {f"parameter/{name}": value for name, value in progress.params.items()}
    counts: dict[str, int] = {}
    for key, value in progress.state.items():
        if isinstance(value, int):
            counts[key] = value
        else:
            tensors |= {f"optimizer/{key}/{name}": moment for name, moment in value.items()}
    tensors |= {f"mean/{name}": value for name, value in saved.standardisation.mean.items()}
    tensors |= {f"scale/{name}": value for name, value in saved.standardisation.scale.items()}
    record = {
        "format": FORMAT,
        "fingerprint": saved.fingerprint,
        "equations": saved.equations,
        "context": dict(saved.context),
        "sizes": dict(saved.sizes),
        "binding": saved.binding,
        "classes": {name: list(values) for name, values in saved.classes.items()},
        "metric": None if saved.metric is None else asdict(saved.metric),
        "run": asdict(saved.run),
        "parameters": list(progress.params),
        "counts": counts,
        "epoch": progress.epoch,
        "step": progress.step,
        "loss_sum": progress.loss_sum,
        "history": [asdict(epoch) for epoch in progress.history],
    }
    written = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # safetensors writes the bytes as they lie in memory: make them C-ordered and little-endian
    plain = {name: np.array(value, dtype=value.dtype.newbyteorder("<"), order="C") for name, value in tensors.items()}
    content = bytearray(save(plain, {"wengert": "0" * DIGITS + " " + written}))
    at = content.index(_KEY) + len(_KEY)
    content[at : at + DIGITS] = _digest(bytes(content), at)
    return bytes(content)


def _decode(content: bytes, path: str | Path) -> SavedModel:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        record = _record(content)
        return _saved_model(RECORD(record, ""), load(content))
    except _OtherFormatError as failure:
        raise ModelError(
            f"The model file has format {failure.args[0]}, and this version reads format {FORMAT}.",
            f"  {path}",
            "Use the version of wengert that wrote it, or train again.",
        ) from None
    except SafetensorError as failure:
        raise ModelError(
            "The arrays of the model file cannot be read.", f"  {path}: {failure}", "Use another copy, or train again."
        ) from failure
    except WrongError as failure:
        subject = f"'{failure.place}'" if failure.place else "it"
        raise ModelError(
            f"The model file's record is not one that wengert writes: {subject} {failure.fault}.",
            f"  {path}",
            "Use another copy, or train again.",
        ) from None


class _OtherFormatError(Exception):
    """The record is of another format, whose fields are not known."""


def _record(content: bytes) -> dict[str, Any]:
    """The record as it stands there.

    Raises WrongError, and _OtherFormatError where it says that it has another format.
    """
    length = int.from_bytes(content[:8], "little")
    try:
        header = loads(content[8 : 8 + length])
    except WrongError as failure:
        raise WrongError("", f"stands in a header that {failure.fault}") from failure
    metadata = fields({"wengert": text})(header.get("__metadata__"), "__metadata__")["wengert"]
    if metadata[DIGITS : DIGITS + 1] != " ":
        raise WrongError("", "does not begin with a digest and a space")
    record = loads(metadata[DIGITS + 1 :])
    format = record.get("format") if isinstance(record, dict) else None
    if type(format) is int and format != FORMAT:
        raise _OtherFormatError(format)
    return record


def _saved_model(record: dict[str, Any], tensors: Mapping[str, Array]) -> SavedModel:
    """The model of a record whose fields are what they should be, if they fit each other and the arrays."""
    run, progress = TrainingRun(**record["run"]), _progress(record, tensors)
    standardisation = Standardisation(_group(tensors, "mean/"), _group(tensors, "scale/"))
    _check_standardisation(standardisation)
    return SavedModel(
        fingerprint=record["fingerprint"],
        equations=record["equations"],
        sizes=record["sizes"],
        binding=record["binding"],
        run=run,
        progress=progress,
        context=record["context"],
        classes=record["classes"],
        standardisation=standardisation,
        metric=None if record["metric"] is None else Metric(**record["metric"]),
    )


def _group(tensors: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _progress(record: dict[str, Any], tensors: Mapping[str, Array]) -> Progress:
    """The parameters and moments from the arrays, which are these and no others.

    Raises WrongError.
    """
    names, moments = record["parameters"], RULES[record["run"]["optimizer"]].moments
    wanted = {f"parameter/{name}": name for name in names}
    wanted |= {f"optimizer/{moment}/{name}": name for moment in moments for name in names}
    found = [name for name in tensors if not name.startswith(("mean/", "scale/"))]
    check_names(found, wanted, "arrays")
    for key, name in wanted.items():
        own, value = tensors[f"parameter/{name}"], tensors[key]
        if own.dtype not in (np.float32, np.float64) or value.dtype != own.dtype or value.shape != own.shape:
            raise WrongError(inside("arrays", key), f"is {value.dtype} of shape {value.shape}, not as its parameter")
    history = tuple(EpochRecord(**epoch) for epoch in record["history"])
    if [each.epoch for each in history] != list(range(1, record["epoch"] + 1)):
        raise WrongError("history", f"does not have the epochs 1 to {record['epoch']}")
    params = {name: tensors[f"parameter/{name}"] for name in names}
    state: dict[str, int | dict[str, Array]] = dict(record["counts"])
    for moment in moments:
        state[moment] = {name: tensors[f"optimizer/{moment}/{name}"] for name in names}
    return Progress(params, state, record["epoch"], record["step"], record["loss_sum"], history)


def _check_standardisation(found: Standardisation) -> None:
    """Refuse means and scales that do not belong together.

    Raises WrongError.
    """
    check_names([f"scale/{name}" for name in found.scale], [f"scale/{name}" for name in found.mean], "arrays")
    for name, mean in found.mean.items():
        scale = found.scale[name]
        if mean.dtype != np.float64 or not np.isfinite(mean).all():
            raise WrongError(inside("arrays", f"mean/{name}"), "does not hold finite numbers of float64")
        if scale.dtype != np.float64 or scale.shape != mean.shape or not (np.isfinite(scale) & (scale > 0)).all():
            raise WrongError(inside("arrays", f"scale/{name}"), "does not hold a positive number for each mean")
