"""Compiled kernels on disk: one file for each kernel, signature and processor, checked before use.

numba asks the cache of a function to load or save one compiled signature. Its own cache keeps an index for each
function and numbered files, without checksums: a damaged index ends the program, and two processes that start
together can leave an entry that points to the code of another signature. Here a file's name is a digest of all
that its code depends on, its content begins with a checksum, and it takes its place in one step; so there is no
index, a process that loses a race has lost nothing, and what is damaged is recognised, deleted and compiled anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import sys
import time
import uuid
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numba
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps
from numba.core.sigutils import normalize_signature

from leefraster.kernels import compiling
from leefraster.kernels.cache_folder import folders, warn_of_trouble
from leefraster.kernels.cache_warning import warn_once
from leefraster.kernels.stamp import stamp

SUFFIX = ".kernel"
_BEGINNING = b"leefraster kernel 1\n"
_DIGEST_BYTES = hashlib.sha256().digest_size
_ABANDONED_AFTER = 3600.0  # seconds


class KernelCache:
    """The cache of one function, as numba's dispatchers use it.

    Parameters
    ----------
    function : callable
        The Python function.
    options : dict
        numba's target options; builds with other options are other files.
    """

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        self._function = function
        self._options = repr(sorted(options.items()))
        source = Path(function.__code__.co_filename)
        self._beside = source.parent
        self._name = f"{source.stem}.{function.__qualname__.replace('<locals>.', '')}"
        self._enabled = True

    @cached_property
    def _series(self) -> str:
        """The beginning of all file names of the function, whatever version of its source."""
        return f"{self._name}-{sys.implementation.cache_tag}-"

    @cached_property
    def _edition(self) -> str:
        """The beginning of the file names that belong to the source as it is now."""
        return f"{self._series}{stamp(self._function)[:16]}-"

    def _places(self) -> tuple[tuple[Path, ...], Path | None]:
        return folders(self._beside, numba.config.CACHE_DIR)  # type: ignore[attr-defined]

    @property
    def cache_path(self) -> str:
        """The folder that is written to, or "" where none can be."""
        return str(self._places()[1] or "")

    def enable(self) -> None:
        """Load and save from now on."""
        self._enabled = True

    def disable(self) -> None:
        """Neither load nor save from now on."""
        self._enabled = False

    def flush(self) -> None:
        """Forget all that is kept of the function."""
        for folder in self._places()[0]:
            for file in folder.glob(f"{self._series}*{SUFFIX}"):
                _delete(file)

    def load_overload(self, signature: Any, target: Any) -> Any:
        """Return the compiled code of a signature, or None where it has to be compiled."""
        target.refresh()
        key = self._key(signature, target.codegen())
        found = self._found(key, target)
        if found is not None:
            compiling.loads(self._name)
        elif _means_the_same(key):  # else it is compiled in every process, whatever is kept
            compiling.compiles(self._name)
        return found

    def _found(self, key: str, target: Any) -> Any:
        for folder in self._places()[0] if self._can_be_kept(key) else ():
            file = folder / self._file_name(key)
            try:
                return _read(file, key, target)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except Exception as error:  # whatever a damaged file does to those who read it
                if not isinstance(error, PermissionError) or os.access(folder, os.X_OK):
                    self._discard(file, error)
        return None

    def _discard(self, file: Path, error: Exception) -> None:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        ending = "it was deleted and is compiled anew" if _delete(file) else "it is compiled anew"
        warn_once(
            "damaged", f"compiled code in {file} cannot be used ({reason or type(error).__name__}): {ending}"
        )

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep the compiled code of a signature, if it can be kept."""
        key, folder = self._key(signature, result.codegen), self._places()[1]
        unfit = result.library.has_dynamic_globals or any(not loop.can_cache for loop in result.lifted)
        if unfit or not self._can_be_kept(key):
            return
        warn_of_trouble(self._beside, numba.config.CACHE_DIR)  # type: ignore[attr-defined]
        if folder is None:
            return
        file = folder / self._file_name(key)
        try:
            _write(file, dumps((key, result._reduce())))
        except Exception as error:
            if not (
                isinstance(error, PermissionError) and file.is_file()
            ):  # kept by another process, on Windows
                warn_once("unsaved", f"compiled code cannot be kept in {file}: {error}")
            return
        self._clear(folder)

    def _can_be_kept(self, key: str) -> bool:
        return self._enabled and _means_the_same(key)

    def _key(self, signature: Any, codegen: Any) -> str:
        arguments, result = normalize_signature(signature)
        built_by = (numba.__version__, sys.version, codegen.magic_tuple())
        return repr((self._edition, self._options, [str(of) for of in arguments], str(result), built_by))

    def _file_name(self, key: str) -> str:
        return f"{self._edition}{hashlib.sha256(key.encode()).hexdigest()[:16]}{SUFFIX}"

    def _clear(self, folder: Path) -> None:
        """Delete what older versions of the source left, and what processes that were killed were writing."""
        for file in folder.glob(f"{self._series}*"):
            if file.suffix == SUFFIX:
                if not file.name.startswith(self._edition):
                    _delete(file)
            else:
                with contextlib.suppress(OSError):
                    if time.time() - file.stat().st_mtime > _ABANDONED_AFTER:
                        _delete(file)


def _means_the_same(key: str) -> bool:
    """Return whether a key means the same in all processes: functions as arguments are named by address."""
    return " at 0x" not in key


def _read(file: Path, key: str, target: Any) -> Any:
    """Return the compiled code in a file.

    Raises
    ------
    FileNotFoundError
        When it is not there.
    Exception
        When the file is anything but what was written.
    """
    content = file.read_bytes()
    head, payload = content[: len(_BEGINNING) + _DIGEST_BYTES], content[len(_BEGINNING) + _DIGEST_BYTES :]
    if head != _BEGINNING + hashlib.sha256(payload).digest():
        raise ValueError("its checksum is wrong" if content else "it is empty")
    kept_key, parts = pickle.loads(payload)
    if kept_key != key:
        raise ValueError("it holds another kernel")
    return CompileResult._rebuild(target, *parts)


def _write(file: Path, payload: bytes) -> None:
    """Write a file that is complete, or not there, whatever happens."""
    waiting = file.with_name(f"{file.name}.{uuid.uuid4().hex[:12]}")
    try:
        with waiting.open("xb") as out:
            out.write(_BEGINNING + hashlib.sha256(payload).digest())
            out.write(payload)
        os.replace(waiting, file)
    except BaseException:
        _delete(waiting)
        raise


def _delete(file: Path) -> bool:
    """Delete a file, and return whether it is gone."""
    try:
        file.unlink(missing_ok=True)
    except OSError:
        return False
    return True
