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
    """Package files that a function of ``mvi_core/steps`` reaches: imports in its body, and in what it calls there."""
    files = sorted((project_root() / PACKAGE / "steps").glob("*.py"))
    for path in files:
        body = ast.parse(path.read_text(encoding="utf-8")).body
        functions = {node.name: node for node in body if isinstance(node, ast.FunctionDef)}
        if step in functions:
            return sorted(_reached(module for name in _called(step, functions) for module in _imports(functions[name])))
    raise LookupError(step)


def _called(step, functions):
    found, waiting = set(), [step]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            words = {node.id for node in ast.walk(functions[name]) if isinstance(node, ast.Name)}
            waiting.extend(words & functions.keys())
    return found


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
