"""What would the missing values have said: multiple imputation by chained equations, pooled by Rubin's rules."""

import warnings

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.imputation.mice import MICEData

from mvi_core.checks import binary, same_length
from mvi_core.errors import MviError
from mvi_core.stats.design import numbers
from mvi_core.stats.estimate import critical_value, same_patients
from mvi_core.stats.logistic import fit_logistic

DONORS = 5  # patients among whom predictive mean matching draws; R's mice
METHOD = "multiple imputation by chained equations (predictive mean matching), Rubin's rules"


def impute(table, *, n_imputations, rng, n_burn=5, log=()):
    """Complete copies of a table: each missing value is that of a patient whose predicted value is near.

    Each variable is regressed on all others in turn, with coefficients drawn anew; the value is taken from one of the
    `DONORS` nearest patients who have one, so that no value is impossible. The chain runs `n_burn` rounds before each
    copy.

    Parameters
    ----------
    table : pandas.DataFrame, shape (n_patients, n_variables)
        Numbers; must hold the outcome of the later model, else its associations are weakened. At least one column is
        complete.
    n_imputations, n_burn : int
    rng : numpy.random.Generator
    log : iterable of str
        Columns above 0 that are skewed: regressed and matched on their logarithm.

    Returns
    -------
    list of pandas.DataFrame
        With the index and columns of `table`.

    Notes
    -----
    White, Royston and Wood 2011, doi:10.1002/sim.4067. Values are taken to be missing at random given the table.

    Examples
    --------
    >>> known = pd.DataFrame({"a": [1.0, 2, 3, 4, 5, 6, 7, 8], "b": [1.0, np.nan, 3, 4, 5, 6, np.nan, 8]})
    >>> copies = impute(known, n_imputations=2, rng=np.random.default_rng(1))
    >>> len(copies), bool(copies[0].notna().all(axis=None)), bool(copies[0]["b"].isin(known["b"]).all())
    (2, True, True)
    """
    frame = numbers(table)
    logged = [name for name in frame if name in log]
    empty = [name for name in frame if frame[name].isna().all()]
    low = [name for name in logged if (frame[name] <= 0).any()]
    if empty or low:
        raise MviError(
            f"impute needs a value in each column and values above 0 where it takes logarithms; wrong: {empty + low}. "
            "Leave these columns out, or take them as they are."
        )
    place = np.lexsort(frame.fillna(np.inf).to_numpy().T)  # the draw does not depend on the order of patients
    back, index, frame = np.argsort(place), frame.index, frame.iloc[place]
    frame = frame.assign(**np.log(frame[logged]))
    names = {f"v{place}": name for place, name in enumerate(frame)}  # its formulas take plain names only
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of constant columns inside the chain, which `numbers` and the caller know
        chain = MICEData(frame.set_axis(list(names), axis=1).reset_index(drop=True), k_pmm=DONORS, rng=rng)
        copies = []
        for _ in range(n_imputations):
            chain.update_all(n_burn)
            copies.append(chain.data[list(names)].rename(columns=names).iloc[back].set_axis(index))
    return [copy.assign(**np.exp(copy[logged])) for copy in copies]


def pool_fits(fits, *, level=0.95):
    r"""Pool logistic fits of completed tables by Rubin's rules.

    With :math:`\bar U` the mean squared standard error and :math:`B` the variance of the coefficient between the
    :math:`m` fits, the variance is :math:`\bar U + (1 + 1/m) B`; degrees of freedom are Barnard and Rubin's.

    Parameters
    ----------
    fits : sequence of LogisticFit
        At least two, of the same model and patients.
    level : float

    Returns
    -------
    pandas.DataFrame
        ``variable, odds_ratio, ci_low, ci_high, p_value, coefficient, se, df, fmi``, intercept first; ``fmi`` is the
        fraction of information that is missing, 0 to 1.

    Notes
    -----
    Barnard and Rubin 1999, doi:10.1093/biomet/86.4.948; R's ``mice::pool``.

    Examples
    --------
    >>> from mvi_core.stats.logistic import fit_logistic
    >>> afp = pd.DataFrame({"afp_gt_20": [0] * 144 + [1] * 177})
    >>> fit = fit_logistic(afp, [0] * 84 + [1] * 60 + [0] * 52 + [1] * 125)
    >>> pool_fits([fit, fit]).loc[1, ["odds_ratio", "fmi"]].astype(float).round(3).tolist()  # nothing was missing
    [3.365, 0.006]
    """
    critical_value(level)
    models = {(*fit.table["variable"], fit.n) for fit in fits}
    if len(fits) < 2 or len(models) > 1 or not all(np.isfinite(fit.table["se"]).all() for fit in fits):
        raise MviError(
            f"Rubin's rules need two fits or more, finite and of one model to the same patients, got {len(fits)} of "
            f"{len(models)} model(s). Impute more often, or fit with method='firth'."
        )
    beta, se = (np.array([fit.table[name] for fit in fits]) for name in ("coefficient", "se"))
    m, complete_df = len(fits), fits[0].n - beta.shape[1]
    within, between = (se**2).mean(axis=0), beta.var(axis=0, ddof=1)
    total = within + (1 + 1 / m) * between
    share = (1 + 1 / m) * between / total
    observed = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share)
    with np.errstate(divide="ignore"):
        df = 1 / (share**2 / (m - 1) + 1 / observed)
    centre, margin = beta.mean(axis=0), stats.t.ppf(0.5 + level / 2, df) * np.sqrt(total)
    riv = share / (1 - share)
    return pd.DataFrame(
        {
            "variable": fits[0].table["variable"], "odds_ratio": np.exp(centre), "ci_low": np.exp(centre - margin),
            "ci_high": np.exp(centre + margin), "p_value": 2 * stats.t.sf(np.abs(centre) / np.sqrt(total), df),
            "coefficient": centre, "se": np.sqrt(total), "df": df, "fmi": (riv + 2 / (df + 3)) / (1 + riv),
        }
    )  # fmt: skip


def extremes(finding, mvi_present):
    """Odds ratio of a yes/no finding if its missing values were the least favourable, or the most, that they could be.

    Parameters
    ----------
    finding : array-like of 0, 1 or missing, shape (n_patients,)
    mvi_present : array-like of 0/1, shape (n_patients,)

    Returns
    -------
    pandas.DataFrame
        ``guess`` (``all low``, ``all high``, ``as invasion is``, ``contrary to invasion``), ``odds_ratio, ci_low,
        ci_high`` (Wald).

    Examples
    --------
    >>> table = extremes([0, 0, 0, 1, 1, 1, np.nan, np.nan], [0, 0, 1, 0, 1, 1, 0, 1])
    >>> table[["guess", "odds_ratio"]].round(3).values.tolist()[2:]
    [['as invasion is', 9.0], ['contrary to invasion', 1.0]]
    """
    same_patients(finding=finding, mvi_present=mvi_present)
    values = numbers(pd.DataFrame({"finding": np.asarray(finding, dtype=object)}))["finding"]
    outcome = binary("mvi_present", mvi_present).astype(float)
    same_length(finding=values, mvi_present=outcome)
    binary("finding", values.dropna())
    guesses = {"all low": 0.0, "all high": 1.0, "as invasion is": outcome, "contrary to invasion": 1 - outcome}
    rows = []
    for guess, value in guesses.items():
        filled = values.fillna(pd.Series(value, values.index)).to_frame("finding")
        fit = fit_logistic(filled, outcome)
        rows.append((guess, *fit.table.loc[1, ["odds_ratio", "ci_low", "ci_high"]]))
    return pd.DataFrame(rows, columns=["guess", "odds_ratio", "ci_low", "ci_high"])
