"""Draw the design of the package from its own imports: its layers, and an arc for each import between them.

The layers are those that `make lint` enforces (``pyproject.toml``); the arcs are read from the code.
"""

import ast
import html
import sys
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROW, TOP, BOX, LEFT, WIDTH = 40, 34, 300, 20, 760  # px: a row, the first, a row's boxes, left edge, drawing
INK, QUIET, ARC = "#1b1b1b", "#5f6670", "#00687a"


def layers(root=ROOT):
    """Rooms of the package by layer, from top to bottom: list of lists of names."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(one for one in settings["tool"]["importlinter"]["contracts"] if one["type"] == "layers")
    return [[name.strip().removeprefix("mvi_core.") for name in line.split("|")] for line in contract["layers"]]


def imports(rooms, root=ROOT):
    """How many files of one room import another: Counter by (room, room)."""
    found = Counter()
    for path in sorted((root / "mvi_core").rglob("*.py")):
        room = path.relative_to(root / "mvi_core").with_suffix("").parts[0]
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {name for node in ast.walk(tree) for name in _names(node)}
        reached = {name.split(".")[1] for name in names if name.startswith("mvi_core.")}
        found.update((room, other) for other in reached & rooms if room in rooms and other != room)
    return found


def _names(node):
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{item.name}" for item in node.names)]
    return [item.name for item in node.names] if isinstance(node, ast.Import) else []


def lines_of(room, root=ROOT):
    """Lines of code of a room."""
    place = root / "mvi_core" / room
    files = place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)


def drawing(root=ROOT):
    """SVG of the layers and of what imports what."""
    rows = layers(root)
    place = {room: row for row, names in enumerate(rows) for room in names}
    counts = Counter()
    for (room, other), n in imports(set(place), root).items():
        counts[place[room], place[other]] += n
    height = TOP + ROW * len(rows) + 20
    parts = [part for row, names in enumerate(rows) for part in _boxes(row, names, root)]
    parts += [_arc(upper, lower, n) for (upper, lower), n in sorted(counts.items())]
    words = "Layers of the package; an arc leads from a layer down to one that it imports, wider for more files."
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">'
        f'<title>{words}</title><rect width="{WIDTH}" height="{height}" fill="#fff"/>'
        f'<text x="{LEFT}" y="20" font-size="13" fill="{QUIET}">rooms of mvi_core, with lines of code</text>'
        f"{''.join(parts)}</svg>\n"
    )


def _boxes(row, names, root):
    wide = (BOX - 6 * (len(names) - 1)) / len(names)
    for place, name in enumerate(names):
        x, y = LEFT + place * (wide + 6), TOP + ROW * row
        yield f'<rect x="{x:.0f}" y="{y}" width="{wide:.0f}" height="28" rx="4" fill="#eef3f4" stroke="{QUIET}"/>'
        yield (
            f'<text x="{x + wide / 2:.0f}" y="{y + 18}" font-size="12" text-anchor="middle" fill="{INK}">'
            f'{html.escape(name)} <tspan fill="{QUIET}" font-size="10">{lines_of(name, root)}</tspan></text>'
        )


def _arc(upper, lower, n):
    x, start, end = LEFT + BOX, TOP + ROW * upper + 14, TOP + ROW * lower + 14
    out = 24 + 27 * (lower - upper)
    return (
        f'<path d="M{x + 2},{start}C{x + out},{start} {x + out},{end} {x + 6},{end}" fill="none" stroke="{ARC}" '
        f'stroke-opacity="0.55" stroke-width="{min(0.8 + 0.35 * n, 5):.1f}"/>'
        f'<path d="M{x + 2},{end}l7,-3.5v7z" fill="{ARC}"/>'
    )


def main():
    """Write the drawing to a path."""
    path = Path(sys.argv[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(drawing(), encoding="utf-8")


if __name__ == "__main__":
    main()
