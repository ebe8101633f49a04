"""Does the picture of the design show the code as it is?"""

import re
import xml.etree.ElementTree as ET

import pytest

SETTINGS = """
[[tool.importlinter.contracts]]
type = "layers"
layers = ["mvi_core.top", "mvi_core.left | mvi_core.right", "mvi_core.base"]
"""


@pytest.fixture
def design(script):
    return script("design")


@pytest.fixture
def small(tmp_path):
    """A package of four rooms: top uses left in two files and base in one; right uses base."""
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    files = {
        "top/a.py": "from mvi_core.left import x\nimport mvi_core.base\n",
        "top/b.py": "from mvi_core import left\n",
        "left.py": "import math\n",
        "right.py": "def late():\n    from mvi_core.base import y\n",
        "base.py": "",
    }
    for name, text in files.items():
        (tmp_path / "mvi_core" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mvi_core" / name).write_text(text)
    return tmp_path


def test_layers_imports_and_lines_are_read_from_the_code(design, small):
    assert design.layers(small) == [["top"], ["left", "right"], ["base"]]
    assert design.imports({"top", "left", "right", "base"}, small) == {
        ("top", "left"): 2, ("top", "base"): 1, ("right", "base"): 1,
    }  # fmt: skip
    assert [design.lines_of(room, small) for room in ("top", "right", "base")] == [3, 2, 0]


def test_the_drawing_has_a_box_for_each_room_and_an_arc_for_each_pair_of_layers(design, small):
    picture = design.drawing(small)
    ET.fromstring(picture)
    assert re.findall(r">(\w+) <tspan[^>]*>(\d+)<", picture) == [
        ("top", "3"),
        ("left", "1"),
        ("right", "2"),
        ("base", "0"),
    ]
    assert picture.count("C") == 3 and "<title>" in picture


def test_in_this_package_every_arc_leads_down(design):
    rows = design.layers()
    place = {room: row for row, names in enumerate(rows) for room in names}
    found = design.imports(set(place))
    assert len(found) > 30 and all(place[upper] <= place[lower] for upper, lower in found)
