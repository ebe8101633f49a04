"""Would a model tell who has the event: Cox models judged in the patients who made them and in patients unseen."""

from itertools import product

import numpy as np
import pandas as pd

from mvi_core.checks import same_length
from mvi_core.errors import MviError
from mvi_core.stats.concordance import concordance, uno_concordance
from mvi_core.stats.cox import cox, predicted_survival
from mvi_core.stats.design import numbers
from mvi_core.stats.estimate import estimate_table, same_patients
from mvi_core.stats.kaplan_meier import follow_up_times
from mvi_core.stats.survival_accuracy import survival_accuracy


def compare_models(designs, follow_up, *, times, n_folds, n_bootstrap, rng):
    """How well Cox models foretell the event, in the patients who made them and in patients unseen.

    ``designs`` are the predictors of each model, nothing missing, and ``follow_up`` months and event of the same
    patients; ``times`` are horizons in months. The patients are dealt into ``n_folds`` parts, early and late events
    evenly, so that no part's models start from a lower risk because its patients have the events; each is predicted
    from the others. ``n_bootstrap`` as in `survival_accuracy.survival_accuracy`; ``rng`` also deals the patients.

    Accuracy: model, patients (``"apparent"`` or ``"cross-fitted"``), months, then the columns of ``survival_accuracy``
    with its rows and ``c_harrell`` and ``c_uno`` (to that horizon; both rank by the risk there). Beside it the
    cross-fitted risks of each model, (n_patients, n_times).

    Examples
    --------
    >>> rng, follow_up = np.random.default_rng(0), pd.DataFrame({"months": range(1, 41), "event": [1, 1, 1, 0] * 10})
    >>> designs = {"exposure": pd.DataFrame({"exposed": [1, 0] * 20})}
    >>> table, _ = compare_models(designs, follow_up, times=[20], n_folds=2, n_bootstrap=50, rng=rng)
    >>> table["metric"].tolist()[:6]
    ['auc', 'brier', 'brier_null', 'scaled_brier', 'c_harrell', 'c_uno']
    """
    months, event = follow_up_times(follow_up["months"], follow_up["event"])
    parts, unseen = {}, {}
    for name, x in designs.items():
        same_patients(predictors=x.iloc[:, 0], months=follow_up["months"])
        same_length(predictors=x, months=months)
        unseen[name] = _unseen(x, months, event, times=times, n_folds=n_folds, rng=rng)
        apparent = 1 - predicted_survival(cox(x.reset_index(drop=True), months, event), x, times)
        for (patients, risk), (k, at) in product(
            {"apparent": apparent, "cross-fitted": unseen[name]}.items(), enumerate(times)
        ):
            rows = survival_accuracy(months, event, risk[:, k], at=at, n_bootstrap=n_bootstrap, rng=rng)
            ranks = {
                "c_harrell": concordance(months, event, risk[:, k]),
                "c_uno": uno_concordance(months, event, risk[:, k], until=at),
            }
            parts[name, patients, at] = pd.concat([rows, estimate_table(ranks)])
    return pd.concat(parts, names=["model", "patients", "months"]).reset_index([0, 1, 2]).reset_index(drop=True), unseen


def _unseen(predictors, months, event, *, times, n_folds, rng):
    """Risk of the event by each horizon, from Cox models that have not seen the patient."""
    frame, time, happened = predictors.reset_index(drop=True), months, event
    if not 2 <= n_folds <= happened.sum():
        raise MviError(f"n_folds must lie from 2 to the {happened.sum()} events, got {n_folds}. Use fewer folds.")
    alike = np.empty(len(time))  # a place for each patient by values, so that their order changes nothing
    alike[np.lexsort((*numbers(frame).to_numpy().T, time, happened))] = rng.permutation(len(time))
    order = np.lexsort((alike, time, happened))
    fold = np.empty(len(time), dtype=int)
    fold[order] = np.concatenate([rng.permutation(n_folds) for _ in range(0, len(time), n_folds)])[: len(time)]
    risk = np.empty((len(time), len(times)))
    for k in range(n_folds):
        fit = cox(frame[fold != k], time[fold != k], happened[fold != k])
        risk[fold == k] = 1 - predicted_survival(fit, frame[fold == k], times)
    return risk
