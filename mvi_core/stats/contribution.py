"""How much does each of several parts contribute: Shapley's fair division, and means over patients with intervals."""

from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from mvi_core import checks
from mvi_core.errors import MviError
from mvi_core.stats.estimate import same_patients
from mvi_core.stats.resampling import auc_of_counts, percentile_interval, resample_counts

JOIN = "+"


def shapley(values, empty):
    r"""Fair share of each part in the value of all parts together, from the value of every set of parts.

    With :math:`v` the value of a set, :math:`\phi_i = \sum_{S \not\ni i} \frac{|S|!\,(n-|S|-1)!}{n!}\,[v(S \cup i) -
    v(S)]`. Shapley 1953, doi:10.1515/9781400881970-018.

    ``values`` have one row a set, its parts joined with ``+`` in the index in any order, and one column a repeat or
    resample; ``empty`` is the value of the empty set, for example 0.5 for an AUC, in all columns or in each. One row a
    part; the shares sum to the value of all parts less ``empty``.

    Examples
    --------
    >>> shapley(pd.DataFrame({"auc": {"a": 0.6, "b": 0.5, "a+b": 0.9}}), empty=0.5).round(3)["auc"].to_dict()
    {'a': 0.25, 'b': 0.15}
    """
    sets = [frozenset(name.split(JOIN)) for name in values.index]
    parts = list(dict.fromkeys(part for name in values.index for part in name.split(JOIN)))
    if len(set(sets)) != len(sets) or len(sets) != 2 ** len(parts) - 1:
        raise MviError(
            f"shapley needs each of the {2 ** len(parts) - 1} sets of {len(parts)} parts once, got {len(set(sets))} "
            f"sets in {len(sets)} rows. Train the missing ones."
        )
    value = dict(zip(sets, values.to_numpy(dtype=float), strict=True))
    value[frozenset()] = np.broadcast_to(np.asarray(empty, dtype=float), values.shape[1:])
    share = {part: np.zeros(values.shape[1]) for part in parts}
    for part in parts:
        others = [other for other in parts if other != part]
        for size in range(len(parts)):
            for chosen in map(frozenset, combinations(others, size)):
                share[part] += (value[chosen | {part}] - value[chosen]) / (len(parts) * comb(len(others), size))
    return pd.DataFrame.from_dict(share, orient="index", columns=values.columns)


def added_gains(values):
    """Gain from adding a part to a set, over every pair of sets, with and without it, whose values are known.

    ``values`` are by set, its parts joined with ``+`` in the index; not every set needs to be there. Columns ``part``,
    ``n_pairs``, ``gain`` (mean over the pairs), ``smallest``, ``largest``.

    Examples
    --------
    >>> added_gains(pd.Series({"a": 0.6, "b": 0.5, "a+b": 0.9})).round(3).values.tolist()
    [['a', 1, 0.4, 0.4, 0.4], ['b', 1, 0.3, 0.3, 0.3]]
    """
    value = {frozenset(name.split(JOIN)): float(number) for name, number in values.items()}
    rows = []
    for part in dict.fromkeys(part for name in values.index for part in name.split(JOIN)):
        gains = [value[held] - value[held - {part}] for held in value if part in held and held - {part} in value]
        ends = (np.mean(gains), min(gains), max(gains)) if gains else (np.nan,) * 3
        rows.append((part, len(gains), *ends))
    return pd.DataFrame(rows, columns=["part", "n_pairs", "gain", "smallest", "largest"])


def replacement_gains(mvi_present, risk, call, *, n_bootstrap, rng):
    """Gain in AUC and accuracy from replacing parts of the input, with each part's fair share of it.

    ``risk`` and ``call`` (yes/no) have one row a patient in the same order, and a column by what was replaced: ``""``
    for nothing, else the parts joined with ``+``; every set of parts. Resamples are stratified by outcome, the same for
    all columns.

    Columns ``metric`` (``auc``, ``accuracy``), ``part`` (a part, or all of them), ``kind`` (``alone``: only this is
    replaced; ``share``: Shapley's share of replacing all), ``gain``, ``ci_low``, ``ci_high``, ``n``.

    Examples
    --------
    >>> risk = pd.DataFrame({"": [0.2, 0.6, 0.5, 0.7], "T1": [0.2, 0.4, 0.5, 0.7]})
    >>> table = replacement_gains([0, 0, 1, 1], risk, risk > 0.45, n_bootstrap=50, rng=np.random.default_rng(0))
    >>> table.query("kind == 'alone'").set_index("metric")["gain"].to_dict()
    {'auc': 0.25, 'accuracy': 0.25}
    """
    outcome = checks.binary("mvi_present", mvi_present)
    n = checks.same_length(mvi_present=outcome, risk=risk, call=call)
    checks.both_classes("mvi_present", outcome)
    same_patients(mvi_present=mvi_present, risk=risk.iloc[:, 0], call=call.iloc[:, 0])
    called = call.astype(int).to_numpy()
    # Sorted by value: no result depends on the order of patients.
    order = np.lexsort([*called.T, *risk.to_numpy(dtype=float).T, outcome])
    outcome, risk, right = outcome[order], risk.iloc[order], (called == outcome[:, None])[order].astype(float)
    counts = np.vstack([np.ones((1, n)), resample_counts(n, n_bootstrap, rng=rng, strata=outcome)])
    columns = {
        "auc": {name: auc_of_counts(outcome, risk[name], counts) for name in risk},
        "accuracy": dict(zip(call, (counts @ right / n).T, strict=True)),
    }
    rows = []
    for metric, found in columns.items():
        table = pd.DataFrame(found).T
        nothing = table.loc[""].to_numpy()
        replaced = table.drop(index="")
        whole = max(replaced.index, key=len)
        alone = replaced.loc[[*dict.fromkeys([*whole.split(JOIN), whole])]] - nothing
        for kind, gains in (("alone", alone), ("share", shapley(replaced, nothing))):
            for part, (gain, *resampled) in zip(gains.index, gains.to_numpy(), strict=True):
                interval = percentile_interval(gain, resampled, level=0.95, n=n, stratified=True)
                rows.append((metric, part, kind, gain, interval.low, interval.high, n))
    return pd.DataFrame(rows, columns=["metric", "part", "kind", "gain", "ci_low", "ci_high", "n"])


def mean_table(table, keys, value, *, n_bootstrap, rng):
    """Mean of a column over patients with its bootstrap interval, in each group of rows.

    ``table`` has at most one row a patient in each group; the columns ``keys`` make the groups, which keep their order
    of appearance. The keys, then ``value``, ``ci_low``, ``ci_high``, ``n``.

    Examples
    --------
    >>> table = pd.DataFrame({"sequence": ["T1"] * 3, "share": [0.2, 0.3, 0.4]})
    >>> mean_table(table, ["sequence"], "share", n_bootstrap=40, rng=np.random.default_rng(0)).value.round(3).tolist()
    [0.3]
    """
    rows = []
    for group, part in table.groupby(keys, sort=False, dropna=False, observed=True):
        values = np.sort(checks.finite(value, part[value]))  # the order of patients changes nothing
        means = resample_counts(len(values), n_bootstrap, rng=rng) @ values / len(values)
        interval = percentile_interval(values.mean(), means, level=0.95, n=len(values))
        rows.append((*group, interval.value, interval.low, interval.high, len(values)))
    return pd.DataFrame(rows, columns=[*keys, "value", "ci_low", "ci_high", "n"])


def rank_correlation(first, second):
    """Spearman's correlation of many pairs of maps (n, ...), pixel by pixel: (n,), from -1 to 1.

    0 where a map is constant, which agrees with nothing.

    Examples
    --------
    >>> rank_correlation([[1, 2, 3], [1, 2, 3]], [[10, 20, 90], [3, 2, 1]]).tolist()
    [1.0, -1.0]
    """
    first, second = (np.asarray(x, dtype=float) for x in (first, second))
    checks.expect_shape("second", second, first.shape)
    ranks = [rankdata(x.reshape(len(x), -1), axis=1) for x in (first, second)]
    a, b = (x - x.mean(axis=1, keepdims=True) for x in ranks)
    spread = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.divide((a * b).sum(axis=1), spread, out=np.zeros(len(a)), where=spread > 0)
