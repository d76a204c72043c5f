"""What pydantic complains of, as sentences that name file, key, value and rule."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError


def nearest(name: str, known: Iterable[str], otherwise: str = "there are") -> str:
    """Return a hint for a name that is not there: the nearest one that is, or all of them.

    Examples
    --------
    >>> nearest("vacncy", ["vacancy", "noise"])
    'did you mean vacancy?'
    >>> nearest("colour", ["vacancy", "noise"])
    'there are noise, vacancy'
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"{otherwise} {', '.join(names) or 'none'}"


def sentences(error: ValidationError, model: type[BaseModel], tree: dict[str, Any], name: str) -> str:
    """Return all complaints about a TOML tree, one a line."""
    # a list whose items were all refused is not too short as well
    told = [c for c in error.errors() if c["type"] != "too_short" or not c["input"]]
    said = dict.fromkeys(_sentence(complaint, model, tree) for complaint in told or error.errors())
    return "\n".join(f"{name}: {sentence}" for sentence in said)


def _sentence(complaint: Any, model: type[BaseModel], tree: dict[str, Any]) -> str:
    location = _in_file(complaint, tree)
    where = _where(location, tree)
    rule = str(complaint["msg"]).removeprefix("Value error, ")
    if complaint["type"] == "extra_forbidden":
        return _unknown(location, complaint["loc"], model, tree)
    if complaint["type"] == "missing":
        return f"{where} is missing"
    if complaint["type"] in ("union_tag_invalid", "union_tag_not_found"):
        kinds = [str(v.model_fields["kind"].default) for v in _variants(model, complaint["loc"])]
        tag = complaint["ctx"].get("tag")
        return (
            f"{where} has no kind; {nearest('', kinds)}"
            if tag is None
            else f"{where} is {tag!r}; {nearest(tag, kinds)}"
        )
    if not _is_shown(complaint["input"]):
        return f"{where}: {rule}" if where else rule
    return f"{where} is {complaint['input']!r}: {rule[:1].lower()}{rule[1:]}"


def _is_shown(value: Any) -> bool:
    """Tell whether a value is short enough to be told: a plain one, or a list of such."""
    if isinstance(value, list):
        return all(isinstance(item, str | float | int) for item in value)
    return isinstance(value, str | float | int)


def _in_file(complaint: Any, tree: Any) -> tuple[str | int, ...]:
    """Return the keys and numbers of a location that stand in the file, without the kinds that were tried."""
    found: list[str | int] = []
    for part in complaint["loc"]:
        if isinstance(tree, dict) and str(part) in tree:
            found.append(str(part))
            tree = tree[str(part)]
        elif isinstance(tree, list) and isinstance(part, int) and part < len(tree):
            found.append(part)
            tree = tree[part]
    if complaint["type"] == "missing":
        found.append(complaint["loc"][-1])
    return tuple(found)


def _where(location: tuple[str | int, ...], tree: dict[str, Any]) -> str:
    """Return a location as a reader of TOML sees it: [section] key, [[section]] number (name) key."""
    if not location:
        return ""
    section, *rest = location
    value = tree.get(str(section))
    if rest and isinstance(rest[0], int) and isinstance(value, list):
        item = value[rest[0]]
        called = f" ({item['name']!r})" if isinstance(item, dict) and "name" in item else ""
        start, rest = f"[[{section}]] number {rest[0] + 1}{called}", rest[1:]
    elif isinstance(value, dict):
        start = f"[{section}]"
    else:
        start = str(section)
    keys = ".".join(str(part) for part in rest if isinstance(part, str))
    return f"{start} {keys}".rstrip()


def _unknown(
    location: tuple[str | int, ...], loc: tuple[str | int, ...], model: type[BaseModel], tree: dict[str, Any]
) -> str:
    *parents, key = location
    known = sorted(_variants(model, loc[:-1])[0].model_fields)
    owner = _where(tuple(parents), tree)
    hint = nearest(str(key), known, "known are")
    if parents:
        return f"{owner} has no key {key!r}; {hint}"
    called = f"section [{key}]" if isinstance(tree.get(str(key)), dict | list) else f"key {key!r}"
    return f"there is no {called}; {hint}"


def _variants(model: type[BaseModel], parents: tuple[str | int, ...]) -> list[type[BaseModel]]:
    """Return the models a location may hold; a part of it that is no field is a number or the kind of a variant."""
    variants = [model]
    for part in parents:
        if isinstance(part, str) and any(part in variant.model_fields for variant in variants):
            owner = next(variant for variant in variants if part in variant.model_fields)
            variants = _models_in(owner.model_fields[part].annotation) or [owner]
        elif isinstance(part, str):
            tagged = [
                v for v in variants if "kind" in v.model_fields and v.model_fields["kind"].default == part
            ]
            variants = tagged or variants
    return variants


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    from pydantic import BaseModel

    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if hasattr(annotation, "__value__"):
        return _models_in(annotation.__value__)
    return [model for part in get_args(annotation) for model in _models_in(part)]
