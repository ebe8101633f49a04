"""How much of a best accuracy is chance, and what do simple rules reach on the same patients: noise and baselines."""

import numpy as np
import pandas as pd
from scipy import stats

from mvi_core.errors import MviError
from mvi_core.stats.audit.printed import read_printed
from mvi_core.stats.audit.verdict import ASSUMED, CANNOT, REPRODUCED, Verdict

LARGEST = "Exact distribution of the largest of independent binomials mixed over normal noise"


def repetition_check(name, accuracies, repeated, *, n):
    """Noise between two runs of one model, and how good the best of several would be by chance.

    ``accuracies`` are all that are compared, in percent as printed, among them ``repeated``, the two of one and the
    same model; ``n`` patients were tested. Evidence: quantity, value. The run-to-run standard deviation is the
    difference over sqrt(2), from one pair; its 95 % interval is from the chi-square distribution with one degree of
    freedom.

    Examples
    --------
    One patient of ten is 10 points, over sqrt(2) 7.1.

    >>> verdict = repetition_check("two runs", ["80", "90"], ["80", "90"], n=10)
    >>> round(float(verdict.evidence.set_index("quantity").loc["run-to-run SD, points", "value"]), 1)
    7.1
    """
    values, pair = (np.array([read_printed(text).value for text in texts]) for texts in (accuracies, repeated))
    if len(pair) != 2 or n < 1 or not ((values >= 0) & (values <= 100)).all():
        raise MviError(
            f"repetition_check needs two repeats, patients and percentages, got {len(pair)} repeats of {n} patients "
            f"and {values.min():g} to {values.max():g} %. Correct them."
        )
    rows = _noise_rows(values, pair, n)
    evidence, value = pd.DataFrame(rows, columns=["quantity", "value"]), dict(rows)
    statement = (
        f"The printed numbers imply a run-to-run standard deviation of {value['run-to-run SD, points']:.1f} points "
        f"(one pair, {value['difference of the repeats, patients']:g} of {n} patients); the best of {len(values)} "
        f"equally good models would reach {value['expected best by chance, sampling and run-to-run noise']:.1f} % "
        f"by chance, {values.max():g} % is printed around a mean of {value['mean accuracy']:.1f} %."
    )
    if pair[0] == pair[1]:
        return Verdict(f"repetition: {name}", REPRODUCED, statement, evidence, (), (), LARGEST)
    alternatives = ("The order of the sequences matters to the network", "One of the two rows is a misprint")
    assumptions = ("The two rows are two training runs of one model", "All rows are tested on as many patients")
    return Verdict(f"repetition: {name}", ASSUMED, statement, evidence, assumptions, alternatives, LARGEST)


def _noise_rows(values, pair, n):
    """Quantities of the repetition check, with their values."""
    counts, right = np.round(values * n / 100), np.round(pair * n / 100)
    noise, centre = abs(pair[0] - pair[1]) / np.sqrt(2), counts.mean() / n
    rows = [
        ("difference of the repeats, points", abs(pair[0] - pair[1])),
        ("difference of the repeats, patients", abs(right[0] - right[1])),
        ("run-to-run SD, points", noise),
        ("run-to-run SD, lower end", noise / np.sqrt(stats.chi2.isf(0.025, 1))),
        ("run-to-run SD, upper end", noise / np.sqrt(stats.chi2.isf(0.975, 1))),
        ("sampling SD, points", 100 * np.sqrt(centre * (1 - centre) / n)),
        ("mean accuracy", 100 * centre),
        ("best accuracy", values.max()),
    ]
    for label, sd in (("sampling alone", 0.0), ("sampling and run-to-run noise", noise / 100)):
        best = _largest_of(centre, n, len(values), sd=sd)
        rows.append((f"expected best by chance, {label}", 100 * best @ np.arange(n + 1) / n))
        rows.append((f"P(best at least as printed), {label}", best[int(counts.max()) :].sum()))
    table = np.array([counts, n - counts])
    equal = stats.chi2_contingency(table, correction=False).pvalue if (table.sum(1) > 0).all() else 1.0
    return [*rows, ("p of equal accuracies (Pearson)", equal)]


def _largest_of(probability, n, number, *, sd=0.0):
    """Probability that the best count of several accuracies that share one true value is 0, 1, ... n; shape (n + 1,).

    Each count is binomial with success probability ``probability`` plus normal noise of standard deviation ``sd``
    (clipped to 0-1); the best of ``number`` independent ones follows from a power of the distribution function.

    >>> _largest_of(0.5, 1, 2).round(2).tolist()
    [0.25, 0.75]
    """
    nodes = stats.norm.ppf((np.arange(400) + 0.5) / 400) * sd if sd else np.zeros(1)
    shifted = np.clip(probability + nodes, 0, 1)
    single = stats.binom.cdf(np.arange(n + 1), n, shifted[:, None]).mean(0)
    return np.diff(single**number, prepend=0.0)


def baseline_check(name, group_sizes, *, model=None, rules=None):
    """Metrics of simple rules (always or never the outcome, one yes/no variable) beside those of a printed model.

    ``group_sizes`` are the patients without and with the outcome; ``model`` the printed percentages on these patients,
    any of accuracy, precision, recall, f1; ``rules`` the patients with a yes/no variable, without and with the outcome,
    by its name. "cannot be reproduced" says that the model's gain over the best simple rule is not in the print.

    Examples
    --------
    AFP is right for 45 patients with the outcome and 40 - 10 without it: 75 of 100.

    >>> baseline_check("all", (40, 60), rules={"AFP": (10, 45)}).evidence[["rule", "accuracy"]].to_dict("list")
    {'rule': ['always the outcome', 'never the outcome', 'AFP alone'], 'accuracy': [60.0, 40.0, 75.0]}
    """
    absent, present = group_sizes
    if min(group_sizes) < 1:
        raise MviError(
            f"baseline_check needs patients with and without the outcome, got {list(group_sizes)}. Check the sizes."
        )
    counts = {"always the outcome": (absent, present), "never the outcome": (0, 0)}
    counts |= {f"{rule} alone": positive for rule, positive in (rules or {}).items()}
    rows = {rule: _metrics(hit, wrong, present - hit, absent - wrong) for rule, (wrong, hit) in counts.items()}
    printed = {key: read_printed(text).value for key, text in (model or {}).items()}
    simple = pd.DataFrame.from_dict(rows, orient="index").rename_axis("rule").reset_index()
    best, said = {key: simple.loc[simple[key].idxmax()] for key in ("accuracy", "f1")}, {"f1": "F1"}
    listed = "; ".join(f"{said.get(key, key)} {row[key]:.1f} % ({row['rule']})" for key, row in best.items())
    statement = f"The printed numbers imply, for the best simple rule on {name}, {listed}"
    check, source = f"baselines: {name}", "Counts of the confusion matrix of each rule"
    if not model:
        return Verdict(check, REPRODUCED, f"{statement}.", simple, (), (), source)
    gains = {said.get(key, key): printed[key] - row[key] for key, row in best.items() if key in printed}
    statement += f"; the model as printed differs by {'; '.join(f'{key} {g:+.1f} points' for key, g in gains.items())}."
    evidence = pd.concat([simple, pd.DataFrame([{"rule": "model as printed", **printed}])], ignore_index=True)
    word = CANNOT if any(gain <= 0 for gain in gains.values()) else ASSUMED
    assumptions = ("The model's metrics and the group sizes describe the same patients",)
    alternatives = ("The model is meant for ranking, which accuracy and F1 do not measure",)
    return Verdict(check, word, statement, evidence, assumptions, alternatives, source)


def _metrics(tp, fp, fn, tn):
    """Accuracy, precision, recall and F1 of a confusion matrix, in percent.

    >>> {name: round(value, 1) for name, value in _metrics(185, 136, 0, 0).items()}
    {'accuracy': 57.6, 'precision': 57.6, 'recall': 100.0, 'f1': 73.1}
    """
    return {
        "accuracy": 100 * (tp + tn) / (tp + fp + fn + tn),
        "precision": 100 * tp / (tp + fp) if tp + fp else np.nan,
        "recall": 100 * tp / (tp + fn),
        "f1": 200 * tp / (2 * tp + fp + fn),
    }
