"""How far apart are two groups of patients in feature space: the AUC of a classifier that tries to tell them apart."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from mvi_core import checks
from mvi_core.errors import MviError
from mvi_core.stats.delong import auc_interval, auc_variance, placements

N_FOLDS = 5
MAX_COMPONENTS = 10  # principal components given to the classifier


def domain_auc(features, domain, *, rng, n_permutations=199, patient_id=None, degree=1):
    """Cross-validated AUC of telling two domains apart from features, with a permutation p.

    0.5 means that the domains (enrolment years, MVI present or absent) cannot be told apart by this
    classifier, 1 that they are separate. Logistic regression on standardised features, reduced to at most
    10 principal components; whole patients are held out, and each is scored by the mean of its rows.

    Parameters
    ----------
    features : array-like of float, shape (n_rows, n_features)
        Network features, or the two t-SNE coordinates of a panel.
    domain : array-like, shape (n_rows,)
        Two different values; the larger one counts as positive. The same for all rows of a patient.
    rng : numpy.random.Generator
        Source of the folds and permutations; the order of the rows does not change the result.
    n_permutations : int
        Number of permutations of the domain between the patients of a fold.
    patient_id : array-like of str, shape (n_rows,), optional
        Patient of each row; one row per patient without it.
    degree : int
        Degree of the polynomial in the (reduced) features; 2 sees clusters that no straight line separates.

    Returns
    -------
    area : Estimate
        Mean AUC of the held-out folds, 95 % interval from DeLong's variance in each fold.
    p_value : float
        ``(1 + k) / (1 + n_permutations)``, with ``k`` permutations at or above the observed area.

    Raises
    ------
    MviError
        If there are not exactly two domains, fewer than 10 patients in one, a missing value, or a patient in both.

    References
    ----------
    LeDell 2015, doi:10.1214/15-EJS1035; Phipson and Smyth 2010, doi:10.2202/1544-6115.1585.
    """
    rows, patient, label = _patients(features, domain, patient_id)
    folds = _folds(rows, patient, label, degree, rng)
    areas, variances = np.transpose([_held_out(fold, label) for fold in folds])
    at_least = 0
    for _ in range(n_permutations):
        shuffled = _shuffled(label, folds, rng)
        at_least += np.mean([_held_out(fold, shuffled)[0] for fold in folds]) >= areas.mean() - 1e-12
    n_positive = int(label.sum())
    variance = variances.sum() / N_FOLDS**2
    area = auc_interval(areas.mean(), variance, n_positive, len(label) - n_positive, level=0.95)
    return area, float((1 + at_least) / (1 + n_permutations))


def _patients(features, domain, patient_id):
    """Check and sort the rows; features, the patient's number of each row, and the 0/1 domain of each patient."""
    rows = np.asarray(features, dtype=float)
    checks.expect_shape("features", rows, ("rows", "features"))
    checks.finite("features", rows.ravel())
    checks.same_length(features=rows, domain=domain)
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
        n_components = min(MAX_COMPONENTS, rows.shape[1], np.count_nonzero(~test) - 1)
        space = make_pipeline(
            StandardScaler(),
            PCA(n_components, svd_solver="full"),
            PolynomialFeatures(degree, include_bias=False),
            StandardScaler(),
        ).fit(rows[~test])
        folds.append((space.transform(rows[~test]), patient[~test], space.transform(rows[test]), patient[test]))
    return folds


def _held_out(fold, label):
    """Area and DeLong variance in the held-out patients of a fold, each scored by the mean of its rows."""
    train, train_patient, test, test_patient = fold
    classifier = LogisticRegression(solver="newton-cholesky").fit(train, label[train_patient])
    patients, row = np.unique(test_patient, return_inverse=True)
    score = np.bincount(row, classifier.decision_function(test)) / np.bincount(row)
    area, by_present, by_absent = placements(label[patients], score)
    return area, auc_variance(by_present, by_absent)


def _shuffled(label, folds, rng):
    """Permute the domains between the patients of each fold, so that every fold keeps both."""
    shuffled = label.copy()
    for *_, test_patient in folds:
        members = np.unique(test_patient)
        shuffled[members] = rng.permutation(label[members])
    return shuffled
