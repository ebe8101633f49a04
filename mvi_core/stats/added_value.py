"""What does a predictor add to those before it: reclassified risks, net benefit, and what chance alone would add."""

import numpy as np
import pandas as pd
from scipy.special import expit

from mvi_core import checks
from mvi_core.errors import MviError
from mvi_core.stats.batched import auc_many, fit_many
from mvi_core.stats.design import complete_design
from mvi_core.stats.estimate import estimate_table, outcome_and_scores, same_patients
from mvi_core.stats.resampling import percentile_interval, resample_counts


def reclassification(mvi_present, risk_without, risk_with, *, thresholds, n_bootstrap, rng, level=0.95):
    """How two models place the same patients: NRI, IDI and the difference of their net benefits.

    With :math:`d` a patient's change (its sign for the category-free NRI, steps across the threshold for the NRI at
    one, the change of risk for the IDI), each is the mean of :math:`d` with MVI less the mean of :math:`d` without.

    Parameters
    ----------
    mvi_present : array-like of bool, shape (n_patients,)
    risk_without, risk_with : array-like of float, shape (n_patients,)
        Probability of MVI from the model without and with the predictor.
    thresholds : sequence of float
        Threshold probabilities, strictly between 0 and 1; a risk equal to one counts as positive.
    n_bootstrap : int
        Number of resamples of patients; the models are not refitted.
    rng : numpy.random.Generator
    level : float

    Returns
    -------
    pandas.DataFrame
        ``metric, value, ci_low, ci_high, n, method``: ``nri`` and ``idi`` with their parts ``..._present`` (gain among
        patients with MVI) and ``..._absent`` (among the others); at each threshold ``nri_at_t`` with its parts, and
        ``net_benefit_at_t``, the difference of the net benefits.

    Notes
    -----
    NRI and IDI are not proper: a miscalibrated or overfitted model, even noise, can raise them, also in new patients
    (Hilden and Gerds 2014, doi:10.1002/sim.5804; Pepe et al. 2015, doi:10.1007/s12561-014-9118-0). No p value is
    given, for its null distribution is not normal where one model holds the other. See `shuffled_gain`.
    Pencina et al. 2008, doi:10.1002/sim.2929, and 2011, doi:10.1002/sim.4085.

    Examples
    --------
    >>> change = {"risk_without": [0.5, 0.5, 0.5, 0.5], "risk_with": [0.7, 0.4, 0.3, 0.2]}
    >>> told = {"thresholds": [0.5], "n_bootstrap": 80, "rng": np.random.default_rng(1)}
    >>> table = reclassification([1, 1, 0, 0], **change, **told).set_index("metric")["value"]
    >>> table[["nri_present", "nri_absent", "nri", "idi", "nri_at_0.5", "net_benefit_at_0.5"]].round(3).tolist()
    [0.0, 1.0, 1.0, 0.3, 0.5, 0.25]
    """
    risks = {"risk_without": risk_without, "risk_with": risk_with}
    outcome, before, after = outcome_and_scores(mvi_present, check=checks.probability, **risks)
    order = np.lexsort((after, before, outcome))  # no result depends on the order of patients
    outcome, before, after = outcome[order], before[order], after[order]
    n, changes = len(outcome), {"nri": _direction(after - before)}
    benefits = {}
    for cut in thresholds:
        if not 0 < cut < 1:
            raise MviError(f"thresholds must lie strictly between 0 and 1, got {cut:g}. Pass 0.04 for 4 %.")
        moved = (after >= cut).astype(float) - (before >= cut)
        changes[f"nri_at_{cut:g}"] = moved
        benefits[f"net_benefit_at_{cut:g}"] = moved * np.where(outcome == 1, 1, -cut / (1 - cut))
    changes["idi"] = after - before
    counts = np.vstack([np.ones(n), resample_counts(n, n_bootstrap, rng=rng)])
    values = {}
    for name, change in changes.items():
        present, absent = _mean(counts, change, outcome == 1), -_mean(counts, change, outcome == 0)
        values |= {name: present + absent, f"{name}_present": present, f"{name}_absent": absent}
    values |= {name: counts @ benefit / n for name, benefit in benefits.items()}
    values = {name: np.round(drawn, 15) + 0.0 for name, drawn in values.items()}  # no change is 0, never -0
    return estimate_table({name: percentile_interval(v[0], v[1:], level=level, n=n) for name, v in values.items()})


def shuffled_gain(predictors, mvi_present, added, *, n_shuffles, rng):
    """Apparent gain from a predictor, beside its gain after its values were dealt to other patients at random.

    A shuffled predictor carries nothing, yet the refitted model gains: this is the gain that chance explains. ``added``
    is one of the columns of ``predictors``; incomplete patients are left out; the values are dealt ``n_shuffles``
    times.

    Rows ``nri`` (category-free), ``idi``, ``auc`` (difference): ``metric, observed, shuffled_mean, shuffled_high``
    (95th percentile), ``share_above_zero`` of the shuffled gains, ``p_value`` (permutation), ``n_shuffles`` that
    worked, ``n``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> known = pd.DataFrame({"afp": [0, 0, 1, 1] * 20, "coin": [0, 1] * 40})
    >>> table = shuffled_gain(known, [0, 0, 1, 1, 1, 0, 0, 1] * 10, "coin", n_shuffles=50, rng=rng)
    >>> bool(table.set_index("metric").loc["idi", "shuffled_mean"] > 0)
    True
    """
    if added not in predictors or predictors.shape[1] < 2:
        raise MviError(f"predictors need '{added}' and another column, got {list(predictors)}. Add the columns.")
    frame, known = complete_design(predictors)
    same_patients(predictors=predictors[added], mvi_present=mvi_present)
    outcome = checks.binary("mvi_present", mvi_present)[known]
    checks.both_classes("mvi_present", outcome)
    scaled = ((frame - frame.mean()) / frame.std(ddof=0)).assign(outcome=outcome)
    scaled = scaled.sort_values(list(scaled)).to_numpy()  # the draw does not depend on the order of patients
    place = list(frame).index(added)
    y, others = scaled[:, -1], np.column_stack([np.ones(len(scaled)), np.delete(scaled[:, :-1], place, axis=1)])
    dealt = np.vstack([scaled[:, place], rng.permuted(np.tile(scaled[:, place], (n_shuffles, 1)), axis=1)])
    design = np.concatenate([np.broadcast_to(others, (len(dealt), *others.shape)), dealt[:, :, None]], axis=2)
    beta, _, worked = fit_many(design, 1 - y[None], y[None])
    base, _, based = fit_many(others, 1 - y[None], y[None])
    if not (based.all() and worked[0]):
        raise MviError(f"The outcome is separated by {added} with the others. Leave a predictor out.")
    before, after = expit(others @ base[0]), expit(np.einsum("bnk,bk->bn", design, beta))[worked]
    gains = _gains(y, before, after)
    return pd.DataFrame([_against_chance(name, gain, len(y)) for name, gain in gains.items()])


def _direction(change):
    """Signs of changes of risk; 0 where two fits differ by rounding only."""
    return np.sign(np.round(change, 12))


def _mean(counts, change, group):
    """Mean change of a group in each resample, (B,); NaN where it drew none of the group."""
    total = counts[:, group].sum(axis=1)
    return np.divide(counts[:, group] @ change[group], total, out=np.full(len(counts), np.nan), where=total > 0)


def _gains(y, before, after):
    """Gain of each row of risks over those before, (B,)."""
    present, absent = y == 1, y == 0
    moved, change = _direction(after - before), after - before
    areas = auc_many(np.vstack([before, after]), absent[None].astype(float), present[None].astype(float))
    return {
        "nri": moved[:, present].mean(axis=1) - moved[:, absent].mean(axis=1),
        "idi": change[:, present].mean(axis=1) - change[:, absent].mean(axis=1),
        "auc": areas[1:] - areas[0],
    }


def _against_chance(name, gain, n):
    observed, shuffled = gain[0], gain[1:]
    return {
        "metric": name,
        "observed": observed,
        "shuffled_mean": shuffled.mean(),
        "shuffled_high": np.quantile(shuffled, 0.95),
        "share_above_zero": np.mean(shuffled > 1e-12),
        "p_value": (1 + np.sum(shuffled >= observed - 1e-12)) / (1 + len(shuffled)),
        "n_shuffles": len(shuffled),
        "n": n,
    }
