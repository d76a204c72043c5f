"""What a piece of the package can lead to, read from its source: names that its body refers to, and theirs in turn.

More than what is called, since branches that are not taken count; less only for methods of objects that no name in
a body stands for. A class stands for all its methods.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import leefraster

SOURCE = Path(leefraster.__file__).parent
Target = tuple[str, str]  # module, name in it ("" for the module itself)


@dataclass
class Module:
    """The top-level names of a module: what it defines, and what it imports."""

    name: str
    defined: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imported: dict[str, Target] = field(default_factory=dict)


@cache
def modules() -> dict[str, Module]:
    return {name: _read(name, file) for name, file in _files().items()}


def _files() -> dict[str, Path]:
    found = {}
    for file in SOURCE.rglob("*.py"):
        parts = ("leefraster", *file.relative_to(SOURCE).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def _read(name: str, file: Path) -> Module:
    module = Module(name)
    for statement in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            module.defined.setdefault(statement.name, []).append(statement)
        elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                for one in ast.walk(target):
                    if isinstance(one, ast.Name):
                        module.defined.setdefault(one.id, []).append(statement)
        module.imported |= (
            _imports(statement) if not isinstance(statement, ast.FunctionDef | ast.ClassDef) else {}
        )
    return module


def _imports(tree: ast.AST) -> dict[str, Target]:
    found: dict[str, Target] = {}
    for one in ast.walk(tree):
        if isinstance(one, ast.ImportFrom) and (one.module or "").startswith("leefraster"):
            found |= {alias.asname or alias.name: (str(one.module), alias.name) for alias in one.names}
        elif isinstance(one, ast.Import):
            for alias in one.names:
                if alias.name.startswith("leefraster") and alias.asname:
                    found[alias.asname] = (alias.name, "")
    return found


def reached_from(*starts: Target) -> set[Target]:
    """Return all names that these lead to, themselves among them."""
    waiting, found = list(starts), set()
    while waiting:
        target = _defined(*waiting.pop())
        if target is None or target in found:
            continue
        found.add(target)
        waiting += _references(*target)
    return found


def _defined(module: str, name: str) -> Target | None:
    """Return where a name is defined, through the modules that hand it on."""
    known = modules().get(module)
    if known is None or not name:
        return None
    if name in known.defined:
        return module, name
    given = known.imported.get(name)
    return None if given is None or given == (module, name) else _defined(*given)


def _references(module: str, name: str) -> set[Target]:
    known, found = modules()[module], set()
    for body in known.defined[name]:
        imported = known.imported | _imports(body)
        for one in ast.walk(body):
            if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name):
                target = imported.get(one.value.id)
                if target is not None and _defined(*target) is None:
                    found.add((".".join(filter(None, target)), one.attr))
            elif isinstance(one, ast.Name):
                if one.id in imported:
                    found.add(imported[one.id])
                elif one.id in known.defined:
                    found.add((module, one.id))
    return found


def kernels() -> set[Target]:
    """Return all kernels of the package: what the decorators of `leefraster.kernels.jit` stand over."""
    return {
        (module.name, name)
        for module in modules().values()
        for name, statements in module.defined.items()
        for statement in statements
        if isinstance(statement, ast.FunctionDef)
        and any(isinstance(d, ast.Name) and d.id in ("jit", "parallel_jit") for d in statement.decorator_list)
    }
