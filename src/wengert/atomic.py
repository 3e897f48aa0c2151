"""Writes a file so that at each moment, power cuts and kill -9 included, its name holds the old content or the new,
never a part.

It knows nothing of what is written.
"""

from __future__ import annotations

import errno
import os
import secrets
import time
from pathlib import Path

from wengert.errors import ModelError, WengertError

_STALE_SECONDS = 600
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_atomically(
    path: str | Path, content: bytes, what: str = "model", error: type[WengertError] = ModelError
) -> None:
    """Writes to a temporary file in the same folder, fsync, os.replace, fsync of the folder.

    A link is followed, so that it goes on pointing to the file. A temporary file that a killed process left is
    removed once it is ten minutes old.

    Raises:
        error: the disk is full, the folder is missing, writing is not allowed, or the path is a folder or a device,
        which os.replace would put a file in place of. What was there is then as it was and nothing is left over.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
    try:
        if target.exists() and not target.is_file():
            raise _no_file(target)
        _remove_stale(target)
        try:
            _write(temporary, content)
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(target.parent)
    except OSError as failure:
        raise _explained(failure, path, what, error, len(content)) from failure


def refuse_unwritable(path: str | Path, what: str, error: type[WengertError] = ModelError) -> None:
    """Finds out before long work what would fail after it.

    Raises:
        error: the path is a folder or a device, or its folder is missing or may not be written to.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        failure: OSError = _no_file(target)
    elif not target.parent.is_dir():
        failure = FileNotFoundError(errno.ENOENT, f"there is no folder {target.parent}")
    elif not os.access(target.parent, os.W_OK):
        failure = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    else:
        return
    raise _explained(failure, path, what, error, 0)


def _no_file(target: Path) -> OSError:
    """Why nothing can be put in the place of what is there."""
    if target.is_dir():
        return IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return OSError(errno.EINVAL, "it is a device or a pipe, not a file")


def _write(path: Path, content: bytes) -> None:
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open a folder; its rename is journalled
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_stale(target: Path) -> None:
    now = time.time()
    for left in target.parent.glob(f".{target.name}.????????????.tmp"):
        if now - left.stat().st_mtime > _STALE_SECONDS:
            left.unlink(missing_ok=True)


def _explained(failure: OSError, path: str | Path, what: str, error: type[WengertError], size: int) -> WengertError:
    reason = failure.strerror or str(failure)
    if failure.errno in _FULL:
        return error(
            f"The {what} cannot be written: the disk is full, or a limit on the size of files is reached.",
            f"  {path}: {size} bytes to write; the file that was there is unchanged",
            "Free some space, or give a path on another disk.",
        )
    repair = "Give a path in a folder that exists and that you may write to."
    return error(f"The {what} cannot be written: {reason}.", f"  {path}", repair)
