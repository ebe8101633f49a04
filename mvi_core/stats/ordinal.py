"""Does a predictor shift all grades of MVI alike: proportional odds, and whether the assumption holds."""

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit, logit

from mvi_core.checks import same_length
from mvi_core.errors import ConvergenceError, MviError
from mvi_core.stats.design import complete_design
from mvi_core.stats.estimate import critical_value, same_patients
from mvi_core.stats.logistic import fit_logistic

MAX_STEPS = 100
LARGEST_CONDITION = 1e14  # of the information; beyond it a fit runs away


def proportional_odds(predictors, grade, *, level=0.95):
    r"""Proportional-odds (cumulative logit) regression: one odds ratio of a higher grade, at whichever cut.

    :math:`logit\,P(grade > j) = -\theta_j + x\beta`, so an odds ratio above 1 goes with higher grades.

    Parameters
    ----------
    predictors : pandas.DataFrame, shape (n_patients, n_predictors)
        Numbers; rows with a missing value are left out and counted.
    grade : array-like of str, shape (n_patients,)
        Such as ``M0``, ``M1``, ``M2``; they ascend as they sort, or as the categories do. At least three occur.
    level : float

    Returns
    -------
    pandas.DataFrame
        ``variable, odds_ratio, ci_low, ci_high, p_value`` (Wald), ``coefficient, se``; ``attrs``: ``n``, ``n_missing``,
        ``loglik``, ``aic``, ``method``.

    Examples
    --------
    >>> afp = pd.DataFrame({"afp": [0] * 60 + [1] * 60})
    >>> fit = proportional_odds(afp, ["M0"] * 30 + ["M1"] * 20 + ["M2"] * 10 + ["M0"] * 15 + ["M1"] * 22 + ["M2"] * 23)
    >>> fit.loc[0, ["odds_ratio", "p_value"]].astype(float).round(3).tolist()
    [3.044, 0.001]
    """
    frame, codes, names = _complete(predictors, grade)
    beta, loglik, information = _maximise(frame.to_numpy(), codes, len(names))
    beta, se = beta[len(names) - 1 :], np.sqrt(np.diag(np.linalg.inv(information)))[len(names) - 1 :]
    margin = critical_value(level) * se
    ends = {"odds_ratio": beta, "ci_low": beta - margin, "ci_high": beta + margin}
    table = pd.DataFrame({"variable": list(frame), **{name: np.exp(value) for name, value in ends.items()}})
    table = table.assign(p_value=2 * stats.norm.sf(np.abs(beta / se)), coefficient=beta, se=se)
    method = "proportional odds by maximum likelihood, Wald interval and test"
    counted = {"n": len(frame), "n_missing": len(predictors) - len(frame), "loglik": loglik}
    table.attrs |= {**counted, "aic": 2 * len(information) - 2 * loglik, "method": method}
    return table


def each_cut(predictors, grade, *, level=0.95):
    """Odds ratio of a grade above each cut, by separate logistic regressions: what proportional odds would make one.

    Arguments as in `proportional_odds`. Returns its columns with ``cut`` first, such as ``M1 or above``.

    Examples
    --------
    >>> afp = pd.DataFrame({"afp": [0] * 60 + [1] * 60})
    >>> grade = ["M0"] * 30 + ["M1"] * 20 + ["M2"] * 10 + ["M0"] * 15 + ["M1"] * 22 + ["M2"] * 23
    >>> each_cut(afp, grade)[["cut", "odds_ratio"]].round(3).values.tolist()  # 45 * 30 / (30 * 15), 23 * 50 / (10 * 37)
    [['M1 or above', 3.0], ['M2', 3.108]]
    """
    frame, codes, names = _complete(predictors, grade)
    parts = {
        name + (" or above" if name != names[-1] else ""): fit_logistic(frame, codes >= place, level=level).table[1:]
        for place, name in enumerate(names[1:], start=1)
    }
    return pd.concat(parts, names=["cut"]).reset_index("cut").reset_index(drop=True)


def brant_test(predictors, grade):
    """Whether the odds ratios at the cuts could be one: Brant's Wald test, of all predictors and of each.

    Returns ``variable`` (``all`` first), ``statistic`` (chi-square), ``df``, ``p_value``. Arguments as in
    `proportional_odds`.

    Notes
    -----
    Brant 1990, doi:10.2307/2532457. A small p speaks against one odds ratio for all cuts; a large one proves nothing.

    Examples
    --------
    >>> afp = pd.DataFrame({"afp": [0] * 60 + [1] * 60})
    >>> grade = ["M0"] * 30 + ["M1"] * 20 + ["M2"] * 10 + ["M0"] * 15 + ["M1"] * 22 + ["M2"] * 23
    >>> brant_test(afp, grade)[["variable", "df"]].values.tolist()
    [['all', 1], ['afp', 1]]
    """
    frame, codes, names = _complete(predictors, grade)
    design = np.column_stack([np.ones(len(frame)), frame.to_numpy()])
    fits = [fit_logistic(frame, codes >= cut, method="auto") for cut in range(1, len(names))]
    if separated := sorted({name for fit in fits for name in fit.separated}):
        raise MviError(f"Brant's test needs finite fits, but {', '.join(separated)} separate a cut. Leave them out.")
    risk = [expit(design @ fit.coefficients) for fit in fits]
    bread = [np.linalg.inv(design.T @ (design * (p * (1 - p))[:, None])) for p in risk]
    width, cuts = frame.shape[1], len(fits)
    joint = np.empty((cuts * width, cuts * width))
    for j in range(cuts):
        for m in range(cuts):
            shared = risk[max(j, m)] - risk[j] * risk[m]  # P(above both cuts) - product
            block = bread[j] @ (design.T @ (design * shared[:, None])) @ bread[m]
            joint[j * width : (j + 1) * width, m * width : (m + 1) * width] = block[1:, 1:]
    beta = np.concatenate([fit.coefficients[1:] for fit in fits])
    rows = [("all", *_equal(beta, joint, width, range(width)))]
    rows += [(name, *_equal(beta, joint, width, [place])) for place, name in enumerate(frame)]
    return pd.DataFrame(rows, columns=["variable", "statistic", "df", "p_value"])


def _equal(beta, joint, width, places):
    """Wald test that the coefficients at these places are the same at every cut."""
    contrasts = []
    for cut in range(1, len(beta) // width):
        for place in places:
            row = np.zeros(len(beta))
            row[place], row[cut * width + place] = 1.0, -1.0
            contrasts.append(row)
    d = np.array(contrasts)
    statistic = float(d @ beta @ np.linalg.solve(d @ joint @ d.T, d @ beta))
    return statistic, len(d), float(stats.chi2.sf(statistic, len(d)))


def _maximise(x, codes, n_grades):
    """Thresholds, then coefficients, at the maximum of the likelihood; its value and the observed information."""
    one_hot = np.eye(n_grades)[codes]
    upper, lower = (
        np.hstack([one_hot[:, :-1], -x]),
        np.hstack([one_hot[:, 1:], -x]),
    )  # theta_j-1 < . <= theta_j
    top, bottom = codes == n_grades - 1, codes == 0
    shares = np.cumsum(np.bincount(codes, minlength=n_grades))[:-1] / len(codes)
    theta = np.concatenate([logit(shares), np.zeros(x.shape[1])])

    def terms(theta):
        below_u = np.where(top, 1.0, expit(upper @ theta))
        below_l = np.where(bottom, 0.0, expit(lower @ theta))
        return below_u, below_l, below_u - below_l

    for _ in range(MAX_STEPS):
        u, low, p = terms(theta)
        fu, fl = u * (1 - u) / p, low * (1 - low) / p  # densities over the probability of the grade
        score = upper.T @ fu - lower.T @ fl
        mixed = upper.T @ ((fu * fl)[:, None] * lower)
        curved = upper.T @ ((fu * (1 - 2 * u) - fu**2)[:, None] * upper)
        curved -= lower.T @ ((fl * (1 - 2 * low) + fl**2)[:, None] * lower)
        information = -(curved + mixed + mixed.T)
        if np.linalg.cond(information) > LARGEST_CONDITION:
            break
        step, size = np.linalg.solve(information, score), 1.0
        if score @ step < 1e-20:
            return theta, float(np.log(p).sum()), information
        while (new := terms(theta + size * step)[2]).min() <= 0 or np.log(new).sum() < np.log(p).sum() - 1e-9:
            size /= 2
        theta = theta + size * step
    raise ConvergenceError("The proportional-odds fit did not settle. Leave out predictors that separate the grades.")


def _complete(predictors, grade):
    """Complete predictors, place of each patient's grade counted from 0, and the grades that occur."""
    given, grade = grade, pd.Series(grade).reset_index(drop=True).astype("category")
    same_length(predictors=predictors, grade=grade)
    if grade.isna().any():
        raise MviError(f"grade is missing for {grade.isna().sum()} patients. Leave them out first.")
    frame, known = complete_design(predictors)
    same_patients(predictors=predictors.iloc[:, 0], grade=given)
    levels = grade[known].cat.remove_unused_categories().cat
    names, codes = [str(name) for name in levels.categories], levels.codes.to_numpy().astype(int)
    if len(names) < 3:
        raise MviError(f"Proportional odds need three grades or more, got {', '.join(names)}. Use fit_logistic.")
    return frame, codes, names
