"""Which predictors would a stepwise selection keep: SPSS's forward and backward likelihood-ratio methods."""

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit

from mvi_core.errors import MviError
from mvi_core.stats.design import complete_outcome
from mvi_core.stats.likelihood import information, maximise

P_ENTER, P_REMOVE = 0.05, 0.10  # defaults of SPSS
DIRECTIONS = ("forward", "backward")


def stepwise(predictors, outcome, *, direction="backward", p_enter=P_ENTER, p_remove=P_REMOVE):
    """Stepwise selection by likelihood ratio, as SPSS's FSTEP(LR) and BSTEP(LR) do it.

    A predictor in the model leaves if its likelihood-ratio p is the largest and above ``p_remove``; when none leaves,
    the one outside with the smallest score-test p enters if that is below ``p_enter``.

    Parameters
    ----------
    predictors : pandas.DataFrame, shape (n_patients, n_predictors)
        Candidates: numbers, 0/1 for binary predictors, one column each. Incomplete patients are left out throughout.
    outcome : array-like of 0/1, shape (n_patients,)
    direction : {"forward", "backward"}
        Start with no predictor or with all.
    p_enter, p_remove : float
        Limits; ``p_enter`` at most ``p_remove``, or predictors would come and go.

    Returns
    -------
    pandas.DataFrame
        ``step, action`` (enter or remove), ``variable, test`` (score or likelihood ratio), ``statistic, p_value``; no
        row if nothing moves. ``attrs`` hold ``kept`` (list of names), ``n`` and ``method``.

    Notes
    -----
    Offered because papers report it. Odds ratios after selection are too far from 1, their intervals too narrow and
    their p values too small (Harrell 2015, doi:10.1007/978-3-319-19425-7, section 4.3): judge such a model with
    `optimism_bootstrap`, which repeats a selection inside the resamples.

    Examples
    --------
    >>> known = pd.DataFrame({"afp": [0] * 144 + [1] * 177, "coin": [0, 1, 1] * 107})
    >>> steps = stepwise(known, [0] * 84 + [1] * 60 + [0] * 52 + [1] * 125, direction="forward")
    >>> steps[["action", "variable"]].values.tolist(), steps.attrs["kept"]
    ([['enter', 'afp']], ['afp'])
    """
    if direction not in DIRECTIONS or not 0 < p_enter <= p_remove < 1:
        raise MviError(
            f"stepwise needs a direction forward or backward and 0 < p_enter <= p_remove < 1, got {direction!r}, "
            f"{p_enter}, {p_remove}. Choose these."
        )
    frame, y = complete_outcome(predictors, outcome=outcome)
    design, names = np.column_stack([np.ones(len(y)), frame.to_numpy()]), [None, *frame]
    kept, seen, rows = (list(range(1, len(names))) if direction == "backward" else []), set(), []
    while frozenset(kept) not in seen:  # a model met before would go round for ever
        seen.add(frozenset(kept))
        move = _removal(design, y, kept, p_remove) or _entry(design, y, kept, p_enter)
        if move is None:
            break
        action, place, test, statistic, p_value = move
        kept = sorted({*kept} ^ {place})
        rows.append((len(rows) + 1, action, names[place], test, statistic, p_value))
    table = pd.DataFrame(rows, columns=["step", "action", "variable", "test", "statistic", "p_value"])
    table = table.astype({"step": int, "statistic": float, "p_value": float})  # also where no step was taken
    method = f"{direction} selection, likelihood ratio (SPSS), entry p < {p_enter:g}, removal p > {p_remove:g}"
    table.attrs |= {"kept": [names[place] for place in kept], "n": len(y), "method": method}
    return table


def _fit(design, y, kept):
    """Coefficients and log-likelihood; the limit of the likelihood where it has no maximum."""
    columns = design[:, [0, *kept]]
    return maximise(columns, y, np.zeros(columns.shape[1]), tolerance=1e-10)


def _removal(design, y, kept, p_remove):
    """Find the predictor that leaves, if any."""
    top = _fit(design, y, kept)[1]
    drops = [2 * (top - _fit(design, y, [other for other in kept if other != place])[1]) for place in kept]
    if not drops or stats.chi2.sf(min(drops), 1) <= p_remove:
        return None
    return "remove", kept[int(np.argmin(drops))], "likelihood ratio", max(min(drops), 0.0), stats.chi2.sf(min(drops), 1)


def _entry(design, y, kept, p_enter):
    """Find the predictor that enters, if any, by Rao's score test."""
    others = [place for place in range(1, design.shape[1]) if place not in kept]
    if not others:
        return None
    columns = design[:, [0, *kept]]
    beta, _ = _fit(design, y, kept)
    risk, new = expit(columns @ beta), design[:, others]
    weighted = columns * (risk * (1 - risk))[:, None]
    shared = np.linalg.solve(information(columns, beta), weighted.T @ new)
    variance = ((risk * (1 - risk))[:, None] * new**2).sum(axis=0) - ((weighted.T @ new) * shared).sum(axis=0)
    score = ((y - risk) @ new) ** 2 / variance
    best = int(np.argmax(score))
    p_value = stats.chi2.sf(score[best], 1)
    return ("enter", others[best], "score", score[best], p_value) if p_value < p_enter else None
