"""Check that imports in the package only go down the floors, and that each heavy library stays in its place.

Run as ``python tools/check_floors.py [folder of the package]``; prints one line a fault and exits 1 if any.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "leefraster"

FLOORS: dict[int, tuple[str, ...]] = {
    1: ("kernels",),
    2: ("inference",),
    3: (
        "errors",
        "shipped",
        "crs",
        "colours",
        "outlines",
        "memory_size",
        "grid",
        "cells",
        "neighbourhood",
        "neighbours",
        "fields",
        "lazy",
        "table",
    ),
    4: ("statistics", "bands", "scoring", "changes", "clusters", "areas", "disclosure", "questions"),
    5: ("sources", "store", "record", "exports", "comparison"),
    6: (
        "config",
        "run_log",
        "progress",
        "interruption",
        "plot",
        "report",
        "pipeline",
        "explorer",
        "cli",
        "__main__",
    ),
}
FLOOR_OF = {part: floor for floor, parts in FLOORS.items() for part in parts}

# Within floor 4 a part may use those before it.
ORDER_OF_FLOOR_4 = (
    "statistics",
    "bands",
    "scoring",
    "changes",
    "clusters",
    "areas",
    "disclosure",
    "questions",
)

# A library that only this part or module of the package may import.
ONLY_IN = {"numba": "kernels", "esda": "statistics.crosscheck"}

# The only libraries, besides Python's own, that the lowest floors may import.
ALLOWED_ON_FLOOR = {1: {"numpy", "numba"}, 2: {"numpy", "scipy"}}


@dataclass(frozen=True, slots=True)
class Import:
    """One import statement: what it names, in which line, and whether only type checkers follow it."""

    target: str
    line: int
    typing_only: bool


def module_name(path: Path, package: Path) -> str:
    """Return the dotted name of a file, as in ``leefraster.kernels.rowruns``."""
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.Module, module: str, is_package: bool) -> Iterator[Import]:
    """Yield every import of a file, those inside functions included, with relative ones made absolute."""
    typing_lines = _typing_only_lines(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, module, is_package)
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            yield Import(name, node.lineno, node.lineno in typing_lines)


def _absolute(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    kept = parts[: len(parts) - node.level + int(is_package)]
    return ".".join([*kept, node.module] if node.module else kept)


def _typing_only_lines(tree: ast.Module) -> set[int]:
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for statement in node.body:
                found.update(range(statement.lineno, (statement.end_lineno or statement.lineno) + 1))
    return found


def part_of(module: str) -> str:
    """Return the part that a module belongs to: ``leefraster.kernels.jit`` gives ``kernels``."""
    return module.split(".")[1] if "." in module else ""


def owner(target: str, modules: set[str]) -> str:
    """Return the module of the package that an imported name lives in."""
    while target and target not in modules:
        target = target.rpartition(".")[0]
    return target


def faults_of(module: str, found: Import, modules: set[str], root: str) -> Iterator[str]:
    """Yield what is wrong with one import."""
    library = found.target.split(".")[0]
    mine = part_of(module)
    floor = FLOOR_OF[mine]
    if library != root:
        if library in ONLY_IN and not f"{module}.".startswith(f"{root}.{ONLY_IN[library]}."):
            yield f"imports {library}, which only {ONLY_IN[library]} may"
        allowed = ALLOWED_ON_FLOOR.get(floor)
        own = library in sys.stdlib_module_names
        if allowed is not None and not own and library not in allowed and not found.typing_only:
            yield f"imports {library}; floor {floor} ({mine}) knows only {', '.join(sorted(allowed))}"
        return
    target = owner(found.target, modules)
    if target == root:
        if found.target.count(".") > 1:
            yield f"imports {found.target}, but no module of that name is there"
        elif found.target != f"{root}.__version__":
            yield f"imports {found.target} from the front of the package; name the module that defines it"
        return
    theirs = part_of(target)
    if theirs not in FLOOR_OF or theirs == mine:
        return
    if FLOOR_OF[theirs] > floor:
        yield f"floor {floor} ({mine}) imports {target} from floor {FLOOR_OF[theirs]}: imports go down only"
    elif floor == FLOOR_OF[theirs] == 4 and ORDER_OF_FLOOR_4.index(theirs) > ORDER_OF_FLOOR_4.index(mine):
        order = " -> ".join(reversed(ORDER_OF_FLOOR_4))
        yield f"{mine} imports {target}; within floor 4 the order is {order}"


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """Return modules that import each other in a ring, or an empty list."""
    done: set[str] = set()

    def walk(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return []
        for target in sorted(graph.get(module, ())):
            ring = walk(target, [*path, module])
            if ring:
                return ring
        done.add(module)
        return []

    for module in sorted(graph):
        ring = walk(module, [])
        if ring:
            return ring
    return []


def check(package: Path) -> list[str]:
    """Return every fault of a package folder, one line each; empty when all is well."""
    files = {module_name(path, package): path for path in sorted(package.rglob("*.py"))}
    root, modules = package.name, set(files)
    faults: list[str] = []
    graph: dict[str, set[str]] = {}
    for module, path in files.items():
        if module == root:
            continue
        if part_of(module) not in FLOOR_OF:
            faults.append(
                f"{path}: {part_of(module)!r} stands on no floor; give it one in {Path(__file__).name}"
            )
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        for found in imports(tree, module, path.name == "__init__.py"):
            faults += [f"{path}:{found.line}: {fault}" for fault in faults_of(module, found, modules, root)]
            target = owner(found.target, modules)
            if not found.typing_only and target not in ("", root, module):
                graph.setdefault(module, set()).add(target)
    ring = cycle(graph)
    if ring:
        faults.append(f"modules import each other in a ring: {' -> '.join(ring)}")
    return faults


def main(arguments: list[str]) -> int:
    package = Path(arguments[0]) if arguments else PACKAGE
    faults = check(package)
    for fault in faults:
        print(fault)
    print(
        f"floors: {len(faults)} fault(s) in {package.name}"
        if faults
        else f"floors: {package.name} is in order"
    )
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
