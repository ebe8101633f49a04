import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from mvi_core.errors import MviError
from mvi_core.stats.shift import domain_auc, ridge_logistic, separation_table


def drawn(seed=0):
    return np.random.default_rng(seed)


def cloud(distance, n=120, n_features=2, seed=0):
    rng = drawn(seed)
    domain = np.repeat(["2015", "2018"], [n // 2, n - n // 2])
    features = rng.normal(size=(n, n_features))
    features[:, 0] += distance * (domain == "2018")
    return features, domain


def test_batched_logistic_equals_scikit_learn_one_by_one():
    """scikit-learn: LogisticRegression(tol=1e-10, max_iter=1000).fit(x, y).coef_, its default penalty C = 1."""
    rng = drawn(4)
    x, labels = rng.normal(size=(80, 3)), rng.integers(0, 2, size=(80, 5))
    ours = ridge_logistic(x, labels)
    for k in range(5):
        theirs = LogisticRegression(tol=1e-10, max_iter=1000).fit(x, labels[:, k])
        assert ours[:, k] == pytest.approx(theirs.coef_[0], abs=1e-6)


def test_area_of_two_normal_clouds_is_the_theoretical_one():
    """Two unit normals a distance d apart: AUC = Phi(d / sqrt(2)); 0.8556 for d = 1.5."""
    area, p_value = domain_auc(*cloud(1.5, n=1000), rng=drawn(), n_permutations=99)
    assert area.value == pytest.approx(0.8556, abs=0.03) and area.low < 0.8556 < area.high
    assert p_value == 1 / 100 and area.n == 1000 and "mean of 5 folds" in area.method


def test_permutation_p_is_uniform_where_nothing_was_planted():
    """Of 40 null data sets, the number with p <= 0.2 is binomial(40, 0.2): 2 to 16 with probability above 0.997."""
    p_values = [domain_auc(*cloud(0, 40, seed=seed), rng=drawn(seed), n_permutations=19)[1] for seed in range(40)]
    assert 2 <= np.count_nonzero(np.array(p_values) <= 0.2) <= 16


def test_the_interval_covers_one_half_where_the_domains_are_alike():
    """Of 100 pairs of like clouds an exact interval misses 5, and more than 11 with probability 0.004."""
    found = [domain_auc(*cloud(0, 120, seed=seed), rng=drawn(seed), n_permutations=1)[0] for seed in range(100)]
    assert sum(not area.low <= 0.5 <= area.high for area in found) <= 11


def test_network_features_of_512_columns_are_reduced_before_the_classifier():
    features, domain = cloud(0, 100, n_features=512)
    features[:, :100] += 1.0 * (domain == "2018")[:, None]
    area, p_value = domain_auc(features, domain, rng=drawn(), n_permutations=99)
    assert area.value > 0.95 and p_value == 0.01


def test_a_ring_around_a_core_needs_degree_two():
    angle = np.linspace(0, 2 * np.pi, 60)
    ring = np.column_stack([np.cos(angle), np.sin(angle)]) * 5
    features = np.vstack([ring, drawn(1).normal(size=(60, 2))])
    domain = np.repeat([0, 1], 60)
    straight, _ = domain_auc(features, domain, rng=drawn(), n_permutations=19)
    curved, _ = domain_auc(features, domain, rng=drawn(), n_permutations=19, degree=2)
    assert straight.value < 0.7 and curved.value == 1 and curved.method.startswith("Newcombe score")


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 1000))
def test_result_ignores_the_order_of_rows_and_the_names_and_scale_of_things(seed):
    features, domain = cloud(0.5, 40, seed=seed)
    order = drawn(seed).permutation(40)
    patient = np.array([f"P{i:03d}" for i in range(40)])
    for names in (None, patient):
        first = domain_auc(features, domain, rng=drawn(), n_permutations=19, patient_id=names)
        shuffled = None if names is None else names[order]
        assert domain_auc(features[order], domain[order], rng=drawn(), n_permutations=19, patient_id=shuffled) == first
        renamed, p_value = domain_auc(
            7 + 2 * features, domain == "2018", rng=drawn(), n_permutations=19, patient_id=names
        )
        assert renamed.value == pytest.approx(first[0].value) and p_value == first[1]


def test_rows_of_a_patient_stay_together_and_count_once():
    """Six identical rows a patient must give the result of one: held out together, counted once, same permutations."""
    features, domain = cloud(0.8, 60)
    patient = np.array([f"P{i:03d}" for i in range(60)])
    once, p_once = domain_auc(features, domain, rng=drawn(), n_permutations=49, patient_id=patient)
    often, p_often = domain_auc(
        np.repeat(features, 6, axis=0),
        np.repeat(domain, 6),
        rng=drawn(),
        n_permutations=49,
        patient_id=np.repeat(patient, 6),
    )
    assert often.n == 60 and often.value == pytest.approx(once.value, abs=0.01)
    assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.1)
    assert p_often == pytest.approx(p_once, abs=0.05)


def test_constant_features_cannot_tell_domains_apart():
    area, p_value = domain_auc(np.ones((40, 3)), cloud(0, 40)[1], rng=drawn(), n_permutations=19)
    assert area.value == 0.5 and p_value == 1


@pytest.mark.parametrize(
    ("features", "domain", "patient", "message"),
    [
        (np.ones((20, 2)), ["a"] * 20, None, "two different values"),
        (np.ones((20, 2)), ["a", "b", "c", "d"] * 5, None, "two different values"),
        (np.ones((18, 2)), ["a", "b"] * 9, None, "needs 10 patients"),
        (np.full((20, 2), np.nan), ["a", "b"] * 10, None, "must be finite"),
        (np.ones(20), ["a", "b"] * 10, None, "must have shape"),
        (np.ones((20, 2)), ["a", "b"], None, "one entry per patient"),
        (np.ones((20, 2)), ["a", "b"] * 10, ["P1"] * 20, "Patient P1 is in both domains"),
    ],
)
def test_wrong_input_gets_one_clear_sentence(features, domain, patient, message):
    with pytest.raises(MviError, match=message):
        domain_auc(features, domain, rng=drawn(), patient_id=patient)


def test_the_table_finds_the_planted_drift_in_its_block_and_group_and_nowhere_else():
    """Two unit normals a distance 3 apart: AUC = Phi(3 / sqrt(2)) = 0.983; without distance 0.5."""
    (drifted, year), (still, _), (other, _) = (cloud(d, 120, seed=seed) for d, seed in ((3, 1), (0, 2), (0, 3)))
    blocks = {"T1": np.vstack([drifted, other]), "T2": np.vstack([still, still])}
    table = separation_table(
        blocks, np.r_[year, year], np.repeat(["M1", "M0"], 120), rng=drawn(), n_permutations=99
    ).set_index(["group", "block"])
    assert table.index.tolist() == [("M0", "T1"), ("M0", "T2"), ("M1", "T1"), ("M1", "T2")]
    found = table.loc[("M1", "T1")]
    assert found["ci_low"] < 0.983 < found["ci_high"] and found["p_value"] == 0.01
    rest = table.drop(("M1", "T1"))
    assert (rest["ci_low"] < 0.5).all() and (rest["ci_high"] > 0.5).all() and (rest["p_value"] > 0.05).all()
    assert (table["n"] == 120).all()


def test_a_table_of_one_group_and_block_is_the_area_itself():
    features, domain = cloud(0.5, 60)
    (row,) = separation_table({"T1": features}, domain, ["M0"] * 60, rng=drawn(), n_permutations=19).to_numpy()
    area, p_value = domain_auc(features, domain, rng=drawn(), n_permutations=19)
    assert row.tolist() == ["M0", "T1", area.value, area.low, area.high, 60, p_value]


def test_the_table_refuses_a_group_with_too_few_patients_of_a_domain():
    features, domain = cloud(0, 60)
    groups = np.where(np.arange(60) % 30 < 5, "M1", "M0")  # five patients of M1 in each year
    with pytest.raises(MviError, match="needs 10 patients"):
        separation_table({"T1": features}, domain, groups, rng=drawn(), n_permutations=19)
