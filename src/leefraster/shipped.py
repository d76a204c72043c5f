"""Where the files that the project ships lie: beside a checkout, or inside an installed wheel."""

from __future__ import annotations

from pathlib import Path

from leefraster.errors import UsageError

_PACKAGE = Path(__file__).resolve().parent
_PLACES = (_PACKAGE / "_data", _PACKAGE.parents[1] / "data")


def data_folder() -> Path:
    """Return the folder of shipped data: ``leefraster/_data`` in a wheel, ``data`` in a checkout.

    Raises
    ------
    UsageError
        When neither is there, since the package was copied without its data.
    """
    for place in _PLACES:
        if (place / "cuts").is_dir():
            return place
    raise UsageError(
        "leefraster's shipped data is not there; looked in " + " and ".join(str(place) for place in _PLACES)
    )


def data_file(name: str) -> Path:
    """Return the path of a shipped file.

    Parameters
    ----------
    name : str
        Path below the data folder, with forward slashes, as ``"cuts/2024.toml"``.

    Raises
    ------
    UsageError
        When the project ships no file of that name; the message lists its neighbours.

    Examples
    --------
    >>> data_file("cuts/2024.toml").name
    '2024.toml'
    """
    path = data_folder() / name
    if not path.is_file():
        there = _shipped_in(path.parent)
        raise UsageError(f"leefraster ships no {name!r}; there are: {', '.join(there) or 'none'}")
    return path


def _shipped_in(folder: Path) -> list[str]:
    """Return the names of the files in a folder that are data: not those that describe it."""
    if not folder.is_dir():
        return []
    return sorted(file.name for file in folder.iterdir() if file.is_file() and file.suffix != ".md")
