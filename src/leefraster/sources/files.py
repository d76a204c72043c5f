"""Input files: that they are there, what identifies their bytes, and their content out of a zip."""

from __future__ import annotations

import hashlib
import lzma
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from leefraster.errors import InputError
from leefraster.record import InputFile


@dataclass(frozen=True, slots=True)
class FileOptions:
    """How a file is to be read, where that does not follow from the file itself.

    Attributes
    ----------
    separator : str or None
        Separator of a CSV; None recognises ``,``, ``;``, tab and ``|`` from the header.
    encoding : str
        Encoding of a CSV.
    decimal : {".", ","}
        Decimal sign of a CSV.
    final_newline : bool
        Whether the last line of a CSV must end in a newline; one that does not was probably cut off.
    layer : str or None
        Layer of a GeoPackage, or name of the file inside a zip.
    rows : int or None
        Number of rows that the file must have.
    sha256 : str or None
        Checksum that the file must have.
    """

    separator: str | None = None
    encoding: str = "utf-8"
    decimal: str = "."
    final_newline: bool = True
    layer: str | None = None
    rows: int | None = None
    sha256: str | None = None


def existing(path: str | Path) -> Path:
    """Return the path of a file that is there and not empty.

    Raises
    ------
    InputError
        When it is absent, no file, empty, or not allowed to be read.
    """
    file = Path(path)
    if not file.exists():
        raise InputError(f"{file}: there is no such file (looked in {file.parent.absolute()})")
    if not file.is_file():
        raise InputError(f"{file}: is no file; name one file, or a list of files")
    try:
        with file.open("rb") as stream:
            empty = not stream.read(1)
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error
    if empty:
        raise InputError(f"{file}: is empty (0 bytes)")
    return file


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def input_file(path: Path, role: str) -> InputFile:
    """Return what identifies a file that a run has read."""
    return InputFile(path=path, sha256=file_digest(path), size=path.stat().st_size, role=role)


def require_digest(path: Path, expected: str | None) -> None:
    """Refuse a file whose checksum is not the expected one."""
    if expected is None:
        return
    found = file_digest(path)
    if found != expected.strip().lower():
        raise InputError(
            f"{path}: SHA-256 is {found}, expected {expected}; the file is not the one that was meant, "
            "or it is damaged"
        )


def require_rows(path: Path, found: int, expected: int | None) -> None:
    """Refuse a table with another number of rows than expected, or none at all."""
    if expected is not None and found != expected:
        raise InputError(
            f"{path}: has {found} rows, expected {expected}; it may be cut off or of another date"
        )
    if found == 0:
        raise InputError(f"{path}: has a header and no rows")


_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,  # a way of compression that is not known
    RuntimeError,  # a password
)


def damaged(path: Path, error: Exception) -> InputError:
    """Return the error for a file that its library cannot read: file, size and the library's words."""
    return InputError(
        f"{path}: cannot be read ({path.stat().st_size} bytes); it may be cut off or damaged. "
        f"{type(error).__name__}: {error}"
    )


def content(path: Path, member: str | None) -> tuple[bytes, str]:
    """Return the bytes of a file, or of the one table inside a zip, and the name to call them by."""
    if path.suffix.lower() != ".zip":
        return path.read_bytes(), str(path)
    try:
        with zipfile.ZipFile(path) as archive:
            name = _member(archive, path, member)
            return archive.read(name), f"{path}/{name}"
    except _DAMAGED as error:
        raise damaged(path, error) from error
    except OSError as error:
        if error.errno is not None:  # of the machine; bzip2 has none where its data are damaged
            raise
        raise damaged(path, error) from error


def _member(archive: zipfile.ZipFile, path: Path, member: str | None) -> str:
    names = [name for name in archive.namelist() if not name.endswith("/") and "__MACOSX" not in name]
    if member is not None:
        if member not in names:
            raise InputError(f"{path}: holds no {member!r}; it holds {', '.join(names)}")
        return member
    tables = [name for name in names if name.lower().endswith((".csv", ".txt", ".tsv"))]
    if len(tables) != 1:
        raise InputError(
            f"{path}: holds {len(tables)} CSV files ({', '.join(names[:10])}); name one with layer = '...'"
        )
    return tables[0]
