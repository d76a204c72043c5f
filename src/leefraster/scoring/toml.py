"""Plain values as TOML text; Python's own library only reads it."""

from __future__ import annotations

import json
import math
import re
from typing import Any

_BARE = re.compile(r"^[A-Za-z0-9_-]+$")


def toml_text(tree: dict[str, Any]) -> str:
    """Return a tree of dicts, lists, text and numbers as TOML: values first, then sections, then lists of tables.

    Examples
    --------
    >>> print(toml_text({"name": "a", "part": {"x": 1.0}, "rows": [{"y": [1, 2]}]}), end="")
    name = "a"
    <BLANKLINE>
    [part]
    x = 1.0
    <BLANKLINE>
    [[rows]]
    y = [1, 2]
    """
    lines: list[str] = []
    _table(tree, (), lines)
    return "\n".join(lines).lstrip("\n") + "\n"


def _table(tree: dict[str, Any], path: tuple[str, ...], lines: list[str]) -> None:
    sections = {key: value for key, value in tree.items() if isinstance(value, dict)}
    rows = {key: value for key, value in tree.items() if _is_tables(value)}
    lines += [f"{_key(k)} = {_value(v)}" for k, v in tree.items() if k not in sections and k not in rows]
    for key, value in sections.items():
        here = (*path, key)
        if any(not isinstance(item, dict) for item in value.values()) or not value:
            lines += ["", f"[{'.'.join(map(_key, here))}]"]
        _table(value, here, lines)
    for key, value in rows.items():
        for row in value:
            lines += ["", f"[[{'.'.join(map(_key, (*path, key)))}]]"]
            lines += [f"{_key(k)} = {_value(v)}" for k, v in row.items()]


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _key(key: str) -> str:
    return key if _BARE.match(key) else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else f"{value}"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    raise TypeError(f"{type(value).__name__} has no place in TOML")


def _text(text: str) -> str:
    """Return a basic string: JSON's escapes are TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
