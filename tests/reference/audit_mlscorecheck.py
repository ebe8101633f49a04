"""Make audit_mlscorecheck.csv: which test sets can give the paper's external metrics, by mlscorecheck.

Run with `python tests/reference/audit_mlscorecheck.py`. Half a printed digit is the uncertainty; every split of four
totals into patients with (p) and without (n) MVI is tried.
"""

import logging
from pathlib import Path

import pandas as pd
from mlscorecheck.check.binary import check_1_testset_no_kfold

logging.disable(logging.INFO)
SCORES = {"acc": 0.6869, "ppv": 0.7692, "sens": 0.7576, "f1": 0.7634}
rows = []
for total in (99, 114, 149, 172):
    for p in range(1, total):
        answer = check_1_testset_no_kfold(testset={"p": p, "n": total - p}, scores=SCORES, eps=5e-5)
        rows.append((p, total - p, int(answer["inconsistency"])))
table = pd.DataFrame(rows, columns=["p", "n", "inconsistent"])
table.to_csv(Path(__file__).with_suffix(".csv"), index=False, lineterminator="\n")
