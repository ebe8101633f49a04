"""How far apart are two groups of patients in feature space: the AUC of a classifier that tries to tell them apart."""

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import rankdata
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from mvi_core import checks
from mvi_core.errors import ConvergenceError, MviError
from mvi_core.stats.delong import auc_interval, auc_variance, placements
from mvi_core.stats.estimate import same_patients

N_FOLDS = 5
CROSS_FIT = 2  # times the variance of fixed scores, as `clusters.cross_fitted` explains
MAX_COMPONENTS = 10  # principal components given to the classifier


def domain_auc(features, domain, *, rng, n_permutations=999, patient_id=None, degree=1, level=0.95):
    """Cross-validated AUC of telling two domains apart from features, with a permutation p.

    0.5 means that the domains (enrolment years, MVI present or absent) cannot be told apart by this
    classifier, 1 that they are separate. Logistic regression on standardised features, reduced to at most
    10 principal components; whole patients are held out, and each is scored by the mean of its rows.
    LeDell 2015, doi:10.1214/15-EJS1035; Phipson and Smyth 2010, doi:10.2202/1544-6115.1585.

    Parameters
    ----------
    features : array-like of float, shape (n_rows, n_features)
        Network features, or the two t-SNE coordinates of a panel.
    domain : array-like, shape (n_rows,)
        Two different values; the larger one counts as positive. The same for all rows of a patient.
    rng : numpy.random.Generator
    n_permutations : int
        Number of permutations of the domain between the patients of a fold.
    patient_id : array-like of str, shape (n_rows,), optional
        Patient of each row; one row per patient without it.
    degree : int
        Degree of the polynomial in the (reduced) features; 2 sees clusters that no straight line separates.

    Returns
    -------
    area : Estimate
        Mean AUC of the held-out folds, 95 % interval from twice DeLong's variance in each fold, which is right where
        the domains are alike and wide where they are not.
    p_value : float
        ``(1 + k) / (1 + n_permutations)``, with ``k`` permutations at or above the observed area.

    Examples
    --------
    >>> years = [2015] * 10 + [2018] * 10
    >>> found, p_value = domain_auc([[year] for year in years], years, rng=np.random.default_rng(0), n_permutations=19)
    >>> found.value, p_value  # the feature is the year itself; 1 of 20 arrangements
    (1.0, 0.05)
    """
    rows, patient, label = _patients(features, domain, patient_id)
    folds = _folds(rows, patient, label, degree, rng)
    labels = np.column_stack([label, _permutations(label, folds, n_permutations, rng)])  # (n, 1 + n_permutations)
    areas, variances = zip(*(_held_out(fold, labels) for fold in folds), strict=True)
    observed, *permuted = np.mean(areas, axis=0)
    at_least = np.count_nonzero(np.array(permuted) >= observed - 1e-12)
    n_positive = int(label.sum())
    variance = CROSS_FIT * sum(variances) / N_FOLDS**2
    area = auc_interval(observed, variance, n_positive, len(label) - n_positive, level=level)
    method = f"{area.method}, mean of {N_FOLDS} folds, variance doubled for the cross-fit"
    return replace(area, method=method), float((1 + at_least) / (1 + n_permutations))


def _patients(features, domain, patient_id):
    """Check and sort the rows; features, the patient's number of each row, and the 0/1 domain of each patient."""
    rows = checks.expect_shape("features", np.asarray(features), ("rows", "features"))
    rows = checks.finite("features", rows.ravel()).reshape(rows.shape)
    checks.same_length(features=rows, domain=domain)
    first = features.iloc[:, 0] if isinstance(features, pd.DataFrame) else features
    same_patients(features=first, domain=domain, patient_id=patient_id)
    values, label = np.unique(np.asarray(domain).astype(str), return_inverse=True)
    if len(values) != 2:
        raise MviError(
            f"domain must hold two different values, got {len(values)} ({values[:4]}). Compare two at a time."
        )
    if patient_id is None:
        order = np.lexsort((label, *rows.T))
        return rows[order], np.arange(len(rows)), label[order]
    checks.same_length(features=rows, patient_id=patient_id)
    names, patient = np.unique(np.asarray(patient_id).astype(str), return_inverse=True)
    order = np.lexsort((*rows.T, patient))
    rows, patient, label = rows[order], patient[order], label[order]
    of_patient = np.zeros(len(names), dtype=int)
    of_patient[patient] = label
    mixed = np.flatnonzero(of_patient[patient] != label)
    if mixed.size:
        raise MviError(f"Patient {names[patient[mixed[0]]]} is in both domains. Give each patient one domain.")
    return rows, patient, of_patient


def _folds(rows, patient, label, degree, rng):
    """Split the patients into folds; for each: features and patients in training, features and patients held out."""
    if min(np.bincount(label)) < 2 * N_FOLDS:
        raise MviError(
            f"Each domain needs {2 * N_FOLDS} patients for {N_FOLDS} folds, got {np.bincount(label)}. Pool some."
        )
    splitter = StratifiedKFold(N_FOLDS, shuffle=True, random_state=int(rng.integers(2**32)))
    folds = []
    for _, held_out in splitter.split(label, label):
        test = np.isin(patient, held_out)
        first = StandardScaler().fit(rows[~test])
        axes = np.linalg.svd(first.transform(rows[~test]), full_matrices=False)[2][:MAX_COMPONENTS].T  # (p, components)
        expand = make_pipeline(PolynomialFeatures(degree, include_bias=False), StandardScaler())
        train = expand.fit_transform(first.transform(rows[~test]) @ axes)
        folds.append((train, patient[~test], expand.transform(first.transform(rows[test]) @ axes), patient[test]))
    return folds


def _permutations(label, folds, n_permutations, rng):
    """Permute the domains between the patients of each fold, so that every fold keeps both; (n, n_permutations)."""
    permuted = np.repeat(label[:, None], n_permutations, axis=1)
    for *_, test_patient in folds:
        members = np.unique(test_patient)
        permuted[members] = rng.permuted(permuted[members], axis=0)
    return permuted


def _held_out(fold, labels):
    """Area in the held-out patients of a fold for every column of labels, and DeLong's variance of the first."""
    train, train_patient, test, test_patient = fold
    patients, row = np.unique(test_patient, return_inverse=True)
    mean_rows = np.equal.outer(np.arange(len(patients)), row) / np.bincount(row)[:, None]
    score = mean_rows @ test @ ridge_logistic(train, labels[train_patient])  # (n_held_out, 1 + n_permutations)
    truth = labels[patients]
    _, by_present, by_absent = placements(truth[:, 0], score[:, 0])
    m = truth[:, 0].sum()
    rank_sums = np.sum(rankdata(score, axis=0) * truth, axis=0)
    return (rank_sums - m * (m + 1) / 2) / (m * (len(truth) - m)), auc_variance(by_present, by_absent)


def separation_table(features, domain, groups, *, rng, n_permutations=999):
    """How far two domains lie apart, in each group of patients and each block of features: `domain_auc` of each.

    ``features`` are blocks (P, F) by name, for example one for each MR sequence; ``domain`` and ``groups`` (P,) for
    example the year of enrolment and the MVI grade. Columns ``group``, ``block``, ``domain_auc``, ``ci_low``,
    ``ci_high``, ``n``, ``p_value``; groups sorted.

    Examples
    --------
    >>> years = np.array([2015] * 10 + [2018] * 10)
    >>> rng, blocks = np.random.default_rng(0), {"year": years[:, None]}
    >>> table = separation_table(blocks, years, ["M0"] * 20, rng=rng, n_permutations=19)
    >>> table[["block", "domain_auc", "p_value"]].values.tolist()
    [['year', 1.0, 0.05]]
    """
    domain, groups, rows = np.asarray(domain), np.asarray(groups), []
    for group in sorted(set(groups)):
        chosen = groups == group
        for block, values in features.items():
            area, p_value = domain_auc(
                np.asarray(values)[chosen], domain[chosen], rng=rng, n_permutations=n_permutations
            )
            rows.append((group, block, area.value, area.low, area.high, area.n, p_value))
    return pd.DataFrame(rows, columns=["group", "block", "domain_auc", "ci_low", "ci_high", "n", "p_value"])


def ridge_logistic(design, labels, *, tolerance=1e-9):
    r"""Coefficients (p, m) of many logistic regressions, labels (n, m), on one design (n, p), by Newton steps for all.

    Minimises :math:`\sum_i \log(1 + e^{-\tilde y_i x_i^T w}) + \|w\|^2/2` with an intercept that is not
    penalised, as scikit-learn's `LogisticRegression()` does. The intercepts, which change no ranking, are left out.

    Examples
    --------
    >>> weights = ridge_logistic(np.array([[-1.0], [1.0], [-1.0], [1.0]]), np.array([[0], [1], [0], [1]]))
    >>> weights.shape, bool(weights[0, 0] > 0)
    ((1, 1), True)
    """
    x = np.column_stack([np.ones(len(design)), design])
    penalty = np.diag(np.r_[0.0, np.ones(design.shape[1])])
    w = np.zeros((labels.shape[1], x.shape[1]))
    for _ in range(50):
        mean = expit(w @ x.T)  # (m, n)
        gradient = (mean - labels.T) @ x + w @ penalty
        if np.abs(gradient).max() < tolerance * len(x):
            return w[:, 1:].T
        hessian = np.einsum("mn,nk->mnk", mean * (1 - mean), x).transpose(0, 2, 1) @ x + penalty
        w = w - np.linalg.solve(hessian, gradient[..., None])[..., 0]
    raise ConvergenceError("The domain classifier did not converge in 50 Newton steps. Use fewer features or degree=1.")
