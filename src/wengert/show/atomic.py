"""Writes a picture so that its name holds the old file or the whole new one, never a part."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from wengert.errors import DataError


def write(path: str | Path, text: str) -> None:
    """Writes to a temporary file in the same folder, then puts it in the place of the old one.

    Raises DataError where the folder is missing, the disk is full or writing is not allowed; nothing is left over then.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
    try:
        try:
            temporary.write_text(text, encoding="utf-8", newline="\n")
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as failure:
        raise DataError(
            f"the picture cannot be written: {failure.strerror or failure}",
            f"  {path}",
            "give a path in a folder that exists and that you may write to, with room on its disk",
        ) from failure
