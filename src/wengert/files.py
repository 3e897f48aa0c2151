"""Files with equations: their text, the files that they take in, and what stands in place of a path."""

from __future__ import annotations

from pathlib import Path

from wengert.errors import EquationError
from wengert.notes.reading.formats import Files, document_of

MAX_BYTES = 1024 * 1024


def names_file(text: str | Path) -> bool:
    """A Path, or one line without an equals sign that is or looks like the path of a file."""
    if isinstance(text, Path):
        return True
    if "\n" in text or "=" in text or not 0 < len(text) < 1024:
        return False
    return Path(text).exists() or (Path(text).suffix != "" and " " not in text)


def files_beside(path: Path) -> Files:
    """The texts of the files beside a document by their names, None where there is none or it is no text."""
    folder = path.resolve().parent

    def text_of(name: str) -> str | None:
        beside = (folder / name).resolve()
        if not beside.is_relative_to(folder) or not beside.is_file():
            return None
        try:
            return read_text(beside)
        except EquationError:
            return None

    return text_of


def whole_document(path: Path) -> tuple[str, str]:
    """The text of a document with what it takes in, and a name that says its format."""
    document = document_of(read_text(path), path.name, files_beside(path))
    suffix = {"markdown": ".md", "latex": ".tex", "rst": ".rst", "text": ".txt", "program": ".py"}[document.format]
    return document.text, f"{path.stem}{suffix}"


def read_text(path: Path) -> str:
    """The text of an equation file.

    Raises EquationError where it is missing, too large to be equations, or no text.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise EquationError(
                "The file is too large to be a system of equations.",
                f"  {path}: {size:,} bytes, and the limit is {MAX_BYTES:,}",
                "Cut the document to the part with the equations.",
            )
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EquationError(
            "The file is not a text in UTF-8.",
            f"  {path}: byte {error.start} cannot be read",
            "Give a text, Markdown or LaTeX file, saved as UTF-8.",
        ) from None
    except OSError as error:
        raise EquationError(f"The file cannot be read: {error.strerror}.", f"  {path}", "Check the path.") from None
