"""Were there enough patients to develop a prediction model with the printed numbers of parameters: a verdict."""

from mvi_core.stats.audit.verdict import NOT_APPLICABLE, Verdict
from mvi_core.stats.sample_size import RILEY, development_size, largest_r_squared, r_squared_from_auc


def sample_size_check(n, events, models, *, auc=None):
    """Riley's criteria for models with printed numbers of candidate parameters, by name.

    ``auc`` is an anticipated one, such as the printed; an apparent AUC is optimistic. "not applicable": a paper rarely
    prints a sample size to compare with. Evidence: one row a model and anticipated R-squared (15 % of the largest, the
    reference's default; and from the AUC).

    Examples
    --------
    The mean risk alone needs 0.25 * (1.96 / 0.05)^2 = 384.2 patients.

    >>> sample_size_check(100, 50, {"two": 2}).evidence[["n_mean_risk", "n_required"]].to_dict("records")
    [{'n_mean_risk': 385, 'n_required': 385}]
    """
    prevalence = events / n
    anticipated = {"15 % of the largest R-squared": 0.15 * largest_r_squared(prevalence)}
    if auc is not None:
        anticipated[f"R-squared from AUC {auc:g}"] = r_squared_from_auc(auc, prevalence)
    evidence = development_size(n, events, models, anticipated=anticipated).loc[:, :"n"]
    listed = "; ".join(f"{row.model} needs {row.n_required} ({row.anticipated})" for row in evidence.itertuples())
    statement = (
        f"The printed numbers imply, by Riley's criteria, that {listed}; {n} patients with {events} events are printed."
    )
    assumptions = ("The anticipated R-squared holds",)
    alternatives = ("Variables chosen by their univariable p values count as candidates too",)
    return Verdict("sample size", NOT_APPLICABLE, statement, evidence, assumptions, alternatives, RILEY)
