"""Each rule of the notebooks catches its fault, and a page that keeps them all is left in peace."""

import pytest

PARAMETERS = '# %% tags=["parameters"]\ncohort = "paper"  # cohort id\n'
TITLE = "# %% [markdown]\n# # How many?\n"
ENDING = "# %% [markdown]\n# ## Answer\n# **What it is worth.** x\n#\n# **What this page cannot show.** y\n"
GOOD = TITLE + PARAMETERS + "# %%\nn_patients = 3\n" + ENDING
FIGURE = (
    '# %% mystnb={"figure": {"caption": "A figure."}}\n'
    'figures.stamp(axes, kind)\nreport.show_figure(page, figure, alt=f"AUC {area:.2f}")\n'
)
UNSIGNED = FIGURE.replace("figures.stamp(axes, kind)\n", "")
LOOP = "# %%\nfor a in b:\n    c = 1\n    d = 2\n    e = 3\n"


@pytest.fixture
def faults(script, tmp_path):
    def found(text):
        path = tmp_path / "01_page.py"
        path.write_text(text)
        return list(script("lint_notebooks").faults_of(path))

    return found


@pytest.mark.parametrize(
    "text",
    [
        GOOD, GOOD + FIGURE, GOOD + LOOP.replace("    e = 3\n", "    d += 1\n").replace("    d = 2\n", ""),
        GOOD + '# %%\nprint(f"{n!r} {n:%}", n != 2)\n',
        GOOD + "# %% [markdown]\n# The paper says {glue:text}`n` patients, see `12 patients`.\n",
    ],
)  # fmt: skip
def test_a_page_that_keeps_the_rules_has_no_fault(faults, text):
    assert faults(text) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("# %% [markdown]\n# # A title\n" + PARAMETERS, "title that asks a question"),
        (TITLE + "# %%\nn = 1\n" + PARAMETERS, "must be tagged parameters"),
        (TITLE + "# %%\nn = 1\n", "must be tagged parameters"),
        (GOOD + PARAMETERS, "must be tagged parameters"),
        ("# ---\n# jupyter: {}\n# ---\n" + GOOD, "no header"),
        (GOOD + "# %%\n" + "n = 1\n" * 16, "has 16 lines, at most 15"),
        (GOOD + ("# %%\n" + "n = 1\n" * 14) * 6, "86 lines of code, at most 80"),
        (GOOD + "# %%\ndef f():\n    return 1\n", "holds a FunctionDef"),
        (GOOD + "# %%\nclass A:\n    x = 1\n", "holds a ClassDef"),
        (GOOD + "# %%\ntry:\n    x = 1\nfinally:\n    x = 2\n", "holds a Try"),
        (GOOD + "# %%\nf = lambda x: x\n", "holds a Lambda"),
        (GOOD + LOOP, "loop of more than 3 lines"),
        (GOOD + '# %%\npath = "/home/me/x.csv"\n', "absolute path"),
        (GOOD + FIGURE.replace('"caption": "A figure."', '"name": "x"'), "without caption"),
        (GOOD + FIGURE.replace('alt=f"AUC {area:.2f}"', 'alt="An ROC curve."'), "alt text says no number of the run"),
        (GOOD + FIGURE.replace(', alt=f"AUC {area:.2f}"', ""), "alt text says no number of the run"),
        (GOOD.replace("**What it is worth.**", ""), "must end with"),
        (GOOD.replace("## Answer", "") + "# %% [markdown]\n# ## Answer\n", "in this order"),
        (GOOD + UNSIGNED, "not stamped"),
        (GOOD + "# %% [markdown]\n# We found 57.6 % with invasion.\n", "types the number '57.6 %'"),
        (GOOD + "# %% [markdown]\n# There were 321 patients.\n", "types the number '321 patients'"),
    ],
)
def test_each_rule_catches_its_fault(faults, text, fault):
    assert [found for found in faults(text) if fault in found]


def test_a_parameter_that_is_computed_is_a_fault(faults):
    assert [found for found in faults(TITLE + '# %% tags=["parameters"]\nn = 2 * k\n') if "computes '2 * k'" in found]


def test_a_cell_that_installs_or_escapes_to_the_shell_is_a_fault(faults):
    for line in ("%pip install x", "!ls", "%%bash\nls"):
        assert [found for found in faults(GOOD + f"# %%\n{line}\n") if "magic" in found], line
        escaped = "# " + line.replace("\n", "\n# ")  # as jupytext writes it
        assert [found for found in faults(GOOD + f"# %%\n{escaped}\n") if "magic" in found], line
