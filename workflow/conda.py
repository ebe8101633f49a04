"""Print environment.yml: the versions of requirements.lock for conda users."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
CONDA_NAMES = {"torch": "pytorch"}  # names that differ on conda-forge
PIP_ONLY = {"dcurves", "mlscorecheck", "sphinx-mathjax-offline"}  # not on conda-forge


def locked():
    """Version of each locked package."""
    pins = re.findall(
        r"^([A-Za-z0-9_.-]+)==(\S+)", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE
    )
    return dict(pins)


def direct():
    """Packages that the project asks for itself, in the order of requirements.in."""
    lines = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    names = [re.split(r"[=<>\[ ]", line)[0] for line in lines if line and not line.startswith("#")]
    return [name for name in names if name]


def environment():
    """Text of environment.yml."""
    versions = locked()
    conda = [f"  - {CONDA_NAMES.get(name, name)}={versions[name]}" for name in direct() if name not in PIP_ONLY]
    pip = [f"    - {name}=={versions[name]}" for name in direct() if name in PIP_ONLY]
    head = [
        "# The versions of requirements.lock for conda users; made by `make lock`.",
        "name: mvi",
        "channels: [conda-forge]",
    ]
    return "\n".join([*head, "dependencies:", "  - python=3.11", *conda, "  - pip", "  - pip:", *pip]) + "\n"


if __name__ == "__main__":
    print(environment(), end="")
