"""The packages of the extra `board`, and what to say where one is not installed."""

from __future__ import annotations

from importlib.util import find_spec

from wengert.errors import MissingPackageError


def refuse_missing(*names: str) -> None:
    """Raises MissingPackageError where one of these packages is not installed."""
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise MissingPackageError(
            f"The board needs {'a package' if len(missing) == 1 else 'packages'} that {'is' if len(missing) == 1 else 'are'} not installed.",
            f"  {', '.join(missing)}",
            'Install the extra:  pip install "wengert[board]"',
        )
