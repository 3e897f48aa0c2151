"""Object code on disk, so that a new process need not compile again: a folder of the user's own, entries that carry a digest.

It knows no LLVM: it keeps bytes under keys. Whatever is wrong with the folder or an entry means no more than that nothing is found.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from pathlib import Path

from wengert.atomic import write_atomically
from wengert.errors import WengertError

_MAGIC = b"wengert object 1\n"
_DIGEST = hashlib.sha256
_DIGEST_BYTES = 32


class Cache:
    """Bytes by keys in a folder that only its owner can read or write; the least recently used go when it grows over `limit` bytes."""

    def __init__(self, folder: Path, limit: int = 256 * 2**20) -> None:
        self.folder = folder
        self.limit = limit
        self._usable: bool | None = None
        self._written = 0

    def find(self, key: str) -> bytes | None:
        """The bytes stored under the key (64 hexadecimal digits), or None; an entry that is not whole counts as none."""
        if not self._is_ours():
            return None
        path = self._path(key)
        try:
            entry = _read_own(path)
            os.utime(path)  # the time of use, by which the least recently used are found
        except OSError:
            return None
        return _content(entry, key)

    def store(self, key: str, content: bytes) -> None:
        """Puts the bytes under the key; where the folder cannot be written, nothing happens."""
        if not self._is_ours():
            return
        path = self._path(key)
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            write_atomically(path, _entry(key, content), "object code")
        except (OSError, WengertError):
            return
        self._written += len(content)
        if key.startswith("00") or self._written > self.limit // 8:  # now and then: it looks at every entry
            self._prune()
            self._written = 0

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key[2:]}.o"

    def _is_ours(self) -> bool:
        """Whether the folder exists (it is made), belongs to this user and can be written by nobody else; found out once."""
        if self._usable is None:
            try:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._usable = _is_private(self.folder)
            except OSError:
                self._usable = False
        return self._usable

    def _prune(self) -> None:
        """Removes the entries used longest ago until three quarters of the limit are left, if the limit is passed."""
        entries: list[tuple[float, int, Path]] = []
        for path in self.folder.glob("??/*.o"):
            with contextlib.suppress(OSError):  # another process removed it
                found = path.stat()
                entries.append((found.st_mtime, found.st_size, path))
        total = sum(size for _, size, _ in entries)
        if total <= self.limit:
            return
        for _, size, path in sorted(entries):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            total -= size
            if total <= self.limit * 3 // 4:
                return


def _is_private(folder: Path) -> bool:
    """Whether a folder is this user's and closed to others; one of ours that others may only read is closed."""
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode):
        return False
    if not hasattr(os, "geteuid"):  # Windows: the user's local application data, closed by its own rights
        return os.access(folder, os.W_OK)
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        return False
    if found.st_mode & 0o077:
        os.chmod(folder, 0o700)
    return os.access(folder, os.W_OK | os.X_OK)


def _read_own(path: Path) -> bytes:
    """The content of a file of this user; a link is not followed. Raises OSError."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    with open(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or (hasattr(os, "geteuid") and found.st_uid != os.geteuid()):
            raise PermissionError(f"{path} is not a file of this user")
        return file.read()


def _entry(key: str, content: bytes) -> bytes:
    """A mark, a digest of the key and the content, the content."""
    return _MAGIC + _DIGEST(key.encode() + content).digest() + content


def _content(entry: bytes, key: str) -> bytes | None:
    """The content of a whole entry of this key, else None."""
    start = len(_MAGIC) + _DIGEST_BYTES
    content = entry[start:]
    return content if entry == _entry(key, content) else None


class _Settings:
    """Where objects are kept: decided at first use, unless `configure` was called."""

    cache: Cache | None = None
    decided = False


def configure(folder: str | Path | None = None, enabled: bool = True, limit: int = 256 * 2**20) -> None:
    """Keeps object code in `folder` (by default the user's cache folder of the system), at most about `limit` bytes; or nowhere."""
    place = _default_folder() if folder is None else Path(folder)
    usable = enabled and (folder is not None or place.is_absolute())  # a user without a home has no cache folder
    _Settings.cache = Cache(place, limit) if usable else None
    _Settings.decided = True


def current() -> Cache | None:
    """The cache in use; None where there is to be none."""
    if not _Settings.decided:
        configure()
    return _Settings.cache


def _default_folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("wengert", appauthor=False) / "native"
