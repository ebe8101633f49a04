"""What makes a cohort's statistics doubtful before any is computed: few events, separation, copies, gaps, one risk."""

import numpy as np

from mvi_core.checks import binary, both_classes, probability, same_length
from mvi_core.errors import MviError
from mvi_core.stats.design import complete_design
from mvi_core.stats.likelihood import separation

FEW_EVENTS = 10  # patients of the rarer class a predictor; Peduzzi 1996, doi:10.1016/S0895-4356(96)00236-3


def doubts(predictors, mvi_present, risk=None, *, events=()):
    """Sentences on what will limit or spoil an analysis, each with a remedy.

    Parameters
    ----------
    predictors : pandas.DataFrame of numbers, shape (n_patients, n_predictors)
        Missing values allowed.
    mvi_present : array-like of 0/1, shape (n_patients,)
    risk : array-like of float, shape (n_patients,), optional
        Predicted probability of MVI.
    events : pandas.DataFrame of 0/1, shape (n_patients, n_endpoints), optional
        Whether each endpoint of a follow-up was reached; missing values allowed.

    Returns
    -------
    list of tuple
        (sentence, remedy).

    Raises
    ------
    MviError
        If the outcome has one class only, or a risk is no probability: nothing can be computed then.

    Examples
    --------
    >>> import pandas as pd
    >>> afp = pd.DataFrame({"afp": [1, 2, 3, 4, 5, 6]})
    >>> [sentence for sentence, _ in doubts(afp, [0, 0, 0, 1, 1, 1])][-1]
    'afp separates the patients with MVI from those without completely.'
    """
    outcome = binary("mvi_present", mvi_present)
    fewer = min(both_classes("mvi_present (of mvi_grade)", outcome))
    same_length(predictors=predictors, mvi_present=outcome, **({} if risk is None else {"risk": risk}))
    found = []
    if fewer < FEW_EVENTS * max(predictors.shape[1], 1):
        words = f"the rarer class has {fewer} patient(s): too few events for {predictors.shape[1]} predictor(s)."
        found.append((words, "Use fewer predictors, or Firth's method, and read intervals as wide."))
    for name in events:
        if (n_events := int(events[name].sum())) < FEW_EVENTS:
            words = f"{name} has {n_events} event(s): too few for a survival model."
            found.append((words, "Follow the patients longer, or read its intervals as wide."))
    for name, n_missing in predictors.isna().sum().items():
        if n_missing:
            words = (
                f"{name} is missing in {n_missing} of {len(outcome)} patients, which complete-case models leave out."
            )
            found.append((words, "State the n of each model, or impute."))
    if risk is not None:
        found += _of_risk(probability("risk", risk), outcome)
    return found + _of_design(predictors, outcome)


def _of_risk(risk, outcome):
    if np.ptp(risk) == 0:
        return [("all risks are the same (constant), so no calibration slope exists.", "Check the predictions.")]
    without, with_mvi = risk[outcome == 0], risk[outcome == 1]
    if without.max() < with_mvi.min() or with_mvi.max() < without.min():
        words = "the risk separates the patients with MVI from those without completely, as the outcome itself would."
        return [(words, "Look for a leak, such as predictions of patients that the model was trained on.")]
    return []


def _of_design(predictors, outcome):
    try:
        frame, known = complete_design(predictors)
    except MviError as problem:
        sentence, _, remedy = str(problem).rpartition(". ")
        together = " (collinear or redundant)" if "combination" in sentence else ""
        return [(f"{sentence}{together}.", remedy)]
    if len(set(outcome[known])) == 1:
        return [("the patients with complete predictors are of one class only.", "Use fewer predictors, or impute.")]
    names = _separating(frame, outcome[known])
    verb = f"{' and '.join(names)} separate{'s' * (len(names) == 1)}"
    words = f"{verb} the patients with MVI from those without completely."
    return [(words, "Use Firth's method; its odds ratio is finite.")] if names else []


def _separating(frame, outcome):
    """Predictors that separate the outcome alone; where none does, those that do so together."""

    def found(part):
        direction = separation(np.column_stack([np.ones(len(part)), part.to_numpy()]), outcome)[1:]
        return [name for name, sign in zip(part, direction, strict=True) if sign]

    return [name for name in frame if found(frame[[name]])] or found(frame)
