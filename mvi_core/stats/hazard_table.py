"""Which predictors go with the hazard, each alone and all together: the table of hazard ratios."""

import pandas as pd

from mvi_core.checks import same_length
from mvi_core.errors import MviError
from mvi_core.stats.cox import cox
from mvi_core.stats.estimate import same_patients
from mvi_core.stats.kaplan_meier import follow_up_times
from mvi_core.stats.proportional_hazards import proportional_hazards_test

COLUMNS = (
    "variable", "hazard_ratio", "ci_low", "ci_high", "p_value", "drift_p", "n", "n_missing", "events", "method",
)  # fmt: skip


def hazard_ratios(predictors, months, event, *, level=0.95):
    """Cox regression of each predictor alone, and of all adjusted for each other; arguments as in `cox.cox`.

    Each model uses the patients who have its predictors. model (``"alone"`` or ``"adjusted"``), variable, hazard_ratio,
    ci_low, ci_high, p_value (Wald), drift_p (test of proportional hazards), n, n_missing, events, method. Without an
    answer the numbers are missing and ``method`` says why, after ``undefined:``.

    Examples
    --------
    >>> table = hazard_ratios(pd.DataFrame({"exposed": [1, 0, 0, 1]}), [1, 2, 3, 4], [1, 1, 0, 0])
    >>> table[["model", "hazard_ratio"]].round(4).values.tolist()
    [['alone', 1.4142], ['adjusted', 1.4142]]
    """
    time, _ = follow_up_times(months, event)
    same_length(predictors=predictors, months=time)
    for name in predictors:
        same_patients(predictors=predictors[name], months=months)
    parts = [("alone", model_rows(predictors[[name]], months, event, level=level)) for name in predictors]
    parts.append(("adjusted", model_rows(predictors, months, event, level=level)))
    rows = [{"model": model} | row for model, part in parts for row in part.to_dict("records")]
    return pd.DataFrame(rows, columns=["model", *COLUMNS])


def model_rows(predictors, months, event, *, level=0.95):
    """Hazard ratios of one model as rows of `hazard_ratios`; rows of gaps with the reason where it has no answer.

    Examples
    --------
    >>> model_rows(pd.DataFrame({"exposed": [1, 0, 1]}), [1, 2, 3], [0, 0, 0])["method"][0]
    'undefined: event is 0 for all 3 complete patients. Cox regression needs an event.'
    """
    try:
        fit = cox(predictors, months, event, level=level)
        drift = proportional_hazards_test(predictors, months, event)["p_value"].iloc[:-1]
    except MviError as problem:
        return pd.DataFrame(
            {"variable": list(predictors), "n": 0, "method": f"undefined: {problem}"}, columns=list(COLUMNS)
        )
    rows = fit.table.assign(drift_p=drift, n=fit.n, n_missing=fit.n_missing, events=fit.events, method=fit.method)
    return rows[list(COLUMNS)]
