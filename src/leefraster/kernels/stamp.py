"""What the compiled code of a kernel depends on, as a digest.

numba looks at the file of a kernel only: when a kernel in another file that it calls changes, it goes on using
the old one. Here the byte code of all kernels that can be reached counts, and the values of all constants.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np


def stamp(function: Callable[..., Any]) -> str:
    """Return a digest of a Python function and of all that it reaches through global names and closures.

    Functions of the same package are followed, and so are compiled ones (by their `py_func`). Line numbers and
    comments do not count.
    """
    total = hashlib.sha256()
    for part in _parts(function, function.__module__.partition(".")[0], set()):
        total.update(part)
        total.update(b"\0")
    return total.hexdigest()


def _parts(function: Any, package: str, seen: set[int]) -> Iterator[bytes]:
    if id(function) in seen:
        return
    seen.add(id(function))
    names: list[str] = []
    yield from _of_code(function.__code__, names)
    held = [cell.cell_contents for cell in function.__closure__ or ()]
    reached = [function.__globals__[name] for name in dict.fromkeys(names) if name in function.__globals__]
    for value in [*held, *reached, *(function.__defaults__ or ())]:
        yield from _of_value(value, package, seen)


def _of_code(code: CodeType, names: list[str]) -> Iterator[bytes]:
    """Yield what a code object consists of, and collect the names that it looks up."""
    names.extend(code.co_names)
    yield code.co_code
    yield repr((code.co_argcount, code.co_names, code.co_varnames, code.co_freevars)).encode()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _of_code(constant, names)
        else:
            yield _text(constant)


def _text(constant: Any) -> bytes:
    """Return a constant in words; the order of a set differs from process to process."""
    return repr(sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant).encode()


def _of_value(value: Any, package: str, seen: set[int]) -> Iterator[bytes]:
    function = getattr(value, "py_func", value)
    if isinstance(function, FunctionType):
        if function.__module__.partition(".")[0] == package:
            yield from _parts(function, package, seen)
    elif isinstance(value, np.ndarray):
        yield repr((value.dtype, value.shape)).encode()
        yield value.tobytes()
    elif isinstance(value, ModuleType | type):
        yield value.__name__.encode()
    elif isinstance(value, bool | int | float | complex | str | bytes | tuple | frozenset | np.generic):
        yield _text(value)
