# %% [markdown]
# # Does the audit work on another paper?
# **The numbers of this page belong to an invented study; no patients stand behind it, in this book or elsewhere.** Its
# only input is the file `data_manifest/audit_example.yaml`; it writes `other_paper.csv`.
# %% tags=["parameters", "remove-cell"]
cohort = "paper"  # the page is made once, with the book's reconstructed cohort, but uses none of its numbers
# %% tags=["hide-input"]
from dataclasses import replace
from functools import reduce
from operator import getitem

import pandas as pd
import yaml
from IPython.display import HTML

from mvi_core import report
from mvi_core.cohort.spec import load_spec
from mvi_core.results import write_result
from mvi_core.stats.audit.paper import audit_paper, plant_value
from mvi_core.stats.audit.verdict import CANNOT
from mvi_core.study import load_study

# %% tags=["hide-input"]
study = load_study()
example = yaml.safe_load((study.root / "data_manifest" / "audit_example.yaml").read_text(encoding="utf-8"))
invented = {"kind": "invented", "title": example["title"].removesuffix(" (invented)"), "summary": example["note"]}
page = report.OpenPage("12_other_paper", replace(load_spec(cohort), **invented), study)
HTML(report.banner(page.spec, study.profile).replace("Invented cohort", "Invented study"))
# %% [markdown]
# ## A consistent paper passes
# The study was simulated and its results were printed as a paper would print them, so its numbers agree by
# construction. "Under a stated assumption" is no reproach: some checks always need one, such as that two tables
# describe the same patients.
# %% tags=["hide-input"]
verdicts = audit_paper(example).verdicts
report.show_verdicts(page, verdicts)
# %% [markdown]
# ## Three planted errors are caught
# Each copy of the file has one number changed: a digit of a count, an accuracy, a median that lies beyond the
# follow-up. All checks run on each copy.
# %% tags=["hide-input"]
errors = {
    "a digit in a count": (("univariable", "rows", 0, "absent", 1), 66),
    "an accuracy that no n allows": (("proportions", 0, "percentages", 2), "72.0"),
    "a median beyond the follow-up": (("medians", 0, "medians", 0, "months"), "81.4"),
}
copies = {name: plant_value(example, *change) for name, change in errors.items()}
audits = {name: audit_paper(copy).verdicts for name, copy in copies.items()}
found = pd.DataFrame({name: {item.check: item.verdict for item in verdicts} for name, verdicts in audits.items()})
found.insert(0, "unchanged", pd.Series({item.check: item.verdict for item in verdicts}))
write_result(cohort, "other_paper.csv", found.rename_axis("check").reset_index())
# %% tags=["hide-input"]
caught = [(f"{reduce(getitem, errors[name][0], example)} became {errors[name][1]}", item.statement, item.check)
          for name, audit in audits.items() for item in audit if item.verdict == CANNOT]  # fmt: skip
shown = pd.DataFrame(caught, columns=["Planted", "What the check says", "Caught by"])
report.show_table(page, shown, "Verdicts 'cannot be reproduced' on the three copies.", result="other_paper.csv")
# %% tags=["hide-input"]
changed = found.apply(pd.Series.ne, other=found["unchanged"]).drop(columns="unchanged")
noticed = changed.map({True: "notices", False: "–"}.get)[changed.any(axis=1)].rename_axis("Check").reset_index()
report.show_table(page, noticed, "Checks whose verdict changes, by planted error.", result="other_paper.csv")
# %% [markdown]
# ## A value that cannot be used gets a message
# It names section, row and key as they stand in the YAML file.
# %% tags=["hide-input"]
unreadable = plant_value(example, ("multivariable", "rows", 0, "p_value"), "n.s.") | {"colour": "blue"}
messages = pd.DataFrame({"Message": audit_paper(unreadable).messages})
report.show_table(page, messages, "What the audit answers to a p value in words and to an unknown section.")
# %% tags=["remove-cell"]
report.publish("n_checks", len(found))
report.publish("n_failed", int((found["unchanged"] == CANNOT).sum()))
report.publish("n_copies", len(copies))
report.publish("n_caught", int((found[list(errors)] == CANNOT).any().sum()))
report.publish("n_silent", int((~changed.any(axis=1)).sum()))
# %% [markdown]
# ## Your own paper
# Copy `data_manifest/audit_example.yaml`, keep the sections whose numbers your paper prints, and replace the numbers.
# Put each in quotes as it is printed, since `0.820` without quotes loses its zero. Then run
#
# ```
# mvi audit my_paper.yaml
# ```
#
# Each line names a verdict, the check and what the printed numbers imply; lines that begin with `NOT USED` say which
# value could not be used and what to write instead. Each section takes the arguments of the function that `CHECKS` in
# `mvi_core.stats.audit.paper` names for it.
#
# ## Answer
# Of {glue:text}`n_checks` checks, {glue:text}`n_failed` fail on the consistent paper. Of {glue:text}`n_copies` planted
# errors {glue:text}`n_caught` are caught, each by the check of the table in which it was planted; {glue:text}`n_silent`
# checks keep their verdict on every copy.
#
# **What it is worth.** The numbers are invented and the errors planted: this shows that these checks catch these errors
# and leave a consistent paper alone.
#
# **What this page cannot show.** Errors that leave all printed numbers consistent stay unseen, and so do those in
# numbers that a paper does not print. How many errors of real papers would be caught is not known from one invented
# example.
