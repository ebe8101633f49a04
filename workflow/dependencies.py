"""Which files of the package does a page or a workflow step depend on: read from its imports."""

import ast
from functools import lru_cache

from mvi_core.manifest import project_root

PACKAGE = "mvi_core"
EVERYWHERE = {"results", "study", "manifest"}  # plumbing: it moves numbers, it makes none


def code_of_page(path):
    """Package files that a notebook reaches through its imports."""
    return sorted(_reached(_imports(ast.parse(path.read_text(encoding="utf-8")))))


def code_of(step):
    """Package files that one function of ``mvi_core/steps`` reaches through imports in its body, or in those it calls.

    A function calls another by name, one of its own file or one that the file imports from the room. What the file
    imports at its top counts where the function names it.
    """
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (project_root() / PACKAGE / "steps").glob("*.py")]
    files = [{node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)} for tree in trees]
    tops = [{name: module for module, name in _imported_at_top(tree)} for tree in trees]
    home = next(place for place, functions in enumerate(files) if step in functions)
    waiting, bodies, modules = [(home, step)], {}, []
    while waiting:
        place, name = waiting.pop()
        if name not in files[place]:
            place = next(other for other, functions in enumerate(files) if name in functions)
        body = bodies[place, name] = files[place][name]
        used = {node.id for node in ast.walk(body) if isinstance(node, ast.Name)}
        from_room = {each for each in used & tops[place].keys() if f"{PACKAGE}.steps" in tops[place][each]}
        top = used & tops[place].keys() - from_room
        modules += [
            *_imports(body),
            *(tops[place][each] for each in top),
            *(f"{tops[place][each]}.{each}" for each in top),
        ]
        calls = (used & files[place].keys()) | {each for each in from_room if any(each in file for file in files)}
        waiting += [(place, each) for each in calls if not any(each == seen for _, seen in bodies)]
    return sorted(_reached(modules))


def _imported_at_top(tree):
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            yield from ((node.module, alias.asname or alias.name) for alias in node.names)


def _imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(PACKAGE):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith(PACKAGE))


def _reached(modules):
    found, waiting = set(), list(modules)
    while waiting:
        path = _file_of(waiting.pop())
        if path and path not in found and path.stem not in EVERYWHERE:
            found.add(path)
            waiting.extend(_imports_of(path))
    return found


@lru_cache
def _imports_of(path):
    return tuple(_imports(ast.parse(path.read_text(encoding="utf-8"))))


def _file_of(module):
    base = project_root().joinpath(*module.split("."))
    candidates = (base.with_suffix(".py"), base / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)
