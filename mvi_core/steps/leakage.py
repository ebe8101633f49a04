"""Who is judged by a model that never saw them, and what if not: stored splits, baselines, the ladder of leaks."""

import numpy as np
import pandas as pd

from mvi_core.cohort.enrolment import development_and_external
from mvi_core.cohort.spec import load_spec
from mvi_core.names import DEVELOPMENT_YEAR, ENROLMENT, EXTERNAL_YEAR, PAPER_SEQUENCES, PATIENT_ID
from mvi_core.results import read_result, result_path, write_result
from mvi_core.study import load_study, setting

YEARS = (DEVELOPMENT_YEAR, EXTERNAL_YEAR)


def split(cohort, repeat):
    """Fold of every development patient, stratified by grade, other folds a repeat; external patients too."""
    from mvi_core.dataset.split import check_split, patient_folds

    people, study = read_result(cohort, "patients.csv"), load_study()
    seed, n_folds = setting(study, "seeds.training") + repeat, setting(study, "training.n_folds")
    development, external = development_and_external(people)
    folds = patient_folds(development, n_folds=n_folds, rng=np.random.default_rng(seed)).assign(part="development")
    table = pd.concat([folds.astype({"fold": "Int64"}), external[[PATIENT_ID]].assign(part="external")])
    check_split(table, pd.concat([development, external]))
    made = {"seed": seed, "n_folds": n_folds}
    write_result(cohort, f"splits/r{repeat}.csv", table, parameters=made, inputs=["patients.csv"])


def development_folds(cohort, repeat):
    """Read the stored folds of the development patients, checked against the patient table; make them if missing."""
    from mvi_core.dataset.split import check_split

    name = f"splits/r{repeat}.csv"
    if not result_path(cohort, name).is_file():
        split(cohort, repeat)
    table, people = read_result(cohort, name), read_result(cohort, "patients.csv")
    check_split(table, pd.concat(development_and_external(people)))
    return table[table["part"] == "development"].astype({"fold": int})[[PATIENT_ID, "fold"]]


def baselines(cohort):
    """Predict without a network, by the commoner answer, AFP, and lesion size: out of fold, and in the later year."""
    people, frozen = read_result(cohort, "patients.csv"), load_spec(cohort).frozen
    folds = pd.DataFrame(columns=[PATIENT_ID, "fold"]) if frozen else development_folds(cohort, 0)
    inputs = ["patients.csv"] if frozen else ["patients.csv", "splits/r0.csv"]
    write_result(cohort, "baselines.csv", _baselines(people, folds), inputs=inputs)


def ladder():
    """Judge one small model under five protocols on each control cohort: every score, and what each promises."""
    from mvi_core.dataset.phantom_control import read_controls

    seed = setting(load_study(), "seeds.leakage")
    made, inputs = {"seed": seed, **setting(load_study(), "leakage")}, ["control.csv", "ladder_scores.csv"]
    for cohort in read_controls():
        people, folds, scores = climb(cohort, seed)
        rules = _baselines(people, folds)
        write_result(cohort, "control.csv", people.merge(folds, how="left"), parameters=made)
        write_result(cohort, "control_baselines.csv", rules, inputs=inputs[:1])
        write_result(cohort, "ladder_scores.csv", scores, parameters=made, inputs=inputs[:1])
        write_result(cohort, "ladder.csv", _promises(people, scores, rules, seed), parameters=made, inputs=inputs)


def leakage(cohort):
    """Compare what leaks and ways of counting make of the network's scores, for chapter 14."""
    from mvi_core.dataset.phantom_control import read_controls
    from mvi_core.stats.clusters import ways_of_counting

    controls = read_controls()
    ladders = [read_result(name, "ladder.csv").assign(cohort=item["title"]) for name, item in controls.items()]
    write_result(cohort, "leakage.csv", pd.concat(ladders), inputs=[f"../{name}/ladder.csv" for name in controls])
    names = ["predictions.csv", "predictions_mean.csv", "predictions_in_sample.csv"]
    truth = read_result(cohort, "patients.csv").set_index(PATIENT_ID)[["mvi_present"]]
    first, mean, inside = (read_result(cohort, name).join(truth, on=PATIENT_ID) for name in names)
    ways = {"first slice (paper)": first, "mean over combinations": mean, "combinations as cases": _cases(first)}
    seed = setting(load_study(), "seeds.resampling")
    draws = {"n_bootstrap": setting(load_study(), "resampling.n_bootstrap"), "rng": np.random.default_rng(seed)}
    counted = [
        ways_of_counting({way: rows[rows[ENROLMENT] == year] for way, rows in ways.items()}, **draws).assign(year=year)
        for year in YEARS
    ]
    made = {"parameters": {"seed": seed, "n_bootstrap": draws["n_bootstrap"]}, "inputs": ["patients.csv", *names]}
    write_result(cohort, "counting.csv", pd.concat(counted), **made)
    both = inside[inside["scoring"] == "first"], first[first[ENROLMENT] == DEVELOPMENT_YEAR]
    write_result(cohort, "in_sample.csv", _in_sample(*both, draws), **made)


def _cases(predictions):
    """Every slice combination a case: one row a patient and grade called, weighted by the combinations."""
    from mvi_core.model.prediction import CALLS

    n_combinations = 3 ** len(PAPER_SEQUENCES)
    rows = predictions.melt([PATIENT_ID, ENROLMENT, "mvi_present"], list(CALLS), "called", "weight")
    return rows.assign(dl_mvi=(rows["called"] != CALLS[0]).astype(int), weight=n_combinations * rows["weight"])


def _in_sample(inside, outside, draws):
    from mvi_core.stats.clusters import STATISTICS, inflation, patient_bootstrap

    rows = []
    for name in STATISTICS:
        found = {
            "in-sample": patient_bootstrap(inside, name, **draws),
            "cross-fitted": patient_bootstrap(outside, name, **draws),
        }
        found["inflation"] = inflation(inside, outside, name, **draws)
        rows += [(name, way, e.value, e.low, e.high, e.n) for way, e in found.items()]
    return pd.DataFrame(rows, columns=["metric", "way", "value", "ci_low", "ci_high", "n"])


def climb(cohort, seed, *, protocols=None):
    """Patients, folds and scores of a control cohort made with a seed, under some protocols or all."""
    from mvi_core.cohort.load import choose_patients, load_cohort
    from mvi_core.dataset.phantom_control import control_patients, control_rois, read_controls
    from mvi_core.dataset.split import patient_folds
    from mvi_core.dataset.torch_dataset import roi_dataset
    from mvi_core.model import protocols as five
    from mvi_core.model.cross_fit import model_settings

    study = load_study()
    sizes, rng = setting(study, "leakage"), np.random.default_rng(seed)
    control = read_controls()[cohort]
    phantom = load_cohort("phantom", seed=setting(study, "seeds.cohort")).patients
    chosen = [
        choose_patients(phantom[phantom[ENROLMENT] == year], n, seed=seed)
        for year, n in zip(YEARS, sizes["patients"], strict=True)
    ]
    people = control_patients(pd.concat(chosen), control, rng=rng)
    rois, index = control_rois(
        people, sign_effect=control["sign_effect"], sequences=PAPER_SEQUENCES, seed=seed, **sizes["images"]
    )
    years = [people[people[ENROLMENT] == year] for year in YEARS]
    sets = [roi_dataset(rois, index, year, sequences=PAPER_SEQUENCES) for year in years]
    folds = patient_folds(years[0], n_folds=sizes["training"]["n_folds"], rng=rng)
    settings = model_settings(sizes["network"], sizes["training"])
    scores = five.ladder(*sets, folds, settings=settings, seed=seed, protocols=protocols or five.PROTOCOLS)
    return people, folds, scores


def by_patient(people, scores):
    """Mean risk over the combinations of a patient, beside the outcome."""
    means = scores.groupby(["protocol", PATIENT_ID], sort=False, as_index=False)["dl_risk"].mean()
    return means.merge(people[[PATIENT_ID, "mvi_present"]], on=PATIENT_ID)


def _promises(people, scores, rules, seed):
    """AUC by protocol with its inflation over the split by patient and over the later year, and counted by rows."""
    from mvi_core.model.protocols import PROTOCOLS
    from mvi_core.stats.clusters import cross_fitted, inflation, patient_bootstrap
    from mvi_core.stats.discrimination import auc

    def resampled(function, *tables):
        n_bootstrap = setting(load_study(), "resampling.n_bootstrap")
        return function(*tables, "auc", n_bootstrap=n_bootstrap, rng=np.random.default_rng(seed))

    outcome = people[[PATIENT_ID, "mvi_present"]]
    means = dict(list(by_patient(people, scores).groupby("protocol")))
    found = {}
    for protocol in PROTOCOLS:
        part, many = means[protocol], scores[scores["protocol"] == protocol].merge(outcome, on=PATIENT_ID)
        found[protocol, "auc"] = resampled(patient_bootstrap, part)
        found[protocol, "auc, combinations as cases"] = resampled(patient_bootstrap, many)
        found[protocol, "auc, combinations as patients"] = auc(many["mvi_present"].array, many["dl_risk"].array)
        for honest in (name for name in ("by patient", "later year") if name != protocol):
            found[protocol, f"over {honest}"] = resampled(inflation, part, means[honest])
    found["by patient", "auc"] = cross_fitted(found["by patient", "auc"])
    later = people.loc[people[ENROLMENT] == EXTERNAL_YEAR, PATIENT_ID]
    for name, rule in rules.merge(outcome, on=PATIENT_ID).groupby("baseline", sort=False):
        for year, part in rule.groupby(rule[PATIENT_ID].isin(later)):
            found[f"{name}, {'later year' if year else 'by patient'}", "auc"] = resampled(patient_bootstrap, part)
    rows = [(*key, e.value, e.low, e.high, e.n, e.method) for key, e in found.items()]
    return pd.DataFrame(rows, columns=["protocol", "metric", "value", "ci_low", "ci_high", "n", "method"])


def _baselines(people, folds):
    from mvi_core.cohort.predictors import predictor_table
    from mvi_core.stats.logistic import fit_logistic, predict

    people = people.merge(folds, how="left", on=PATIENT_ID).set_index(PATIENT_ID, drop=False)
    known = [name for name in ("size_cm", "afp_ng_ml") if people[name].notna().any()]
    people = people.dropna(subset=known)
    afp, size = predictor_table(people, ["afp_gt_20"])["afp_gt_20"], np.log2(people[["size_cm"]])
    development, tables = people["fold"].notna(), []
    for number in [*sorted(people["fold"].dropna().unique()), None]:  # None: the later year
        test = people["fold"] == number if number is not None else ~development
        present, risks = people["mvi_present"][development & ~test], {}
        if len(present):  # a frozen model has no development patients here
            risks["majority"] = np.full(test.sum(), present.mean())
        if "afp_ng_ml" in known:
            risks["AFP > 20"] = afp[test]
        if len(present) and "size_cm" in known:
            risks["lesion size"] = predict(fit_logistic(size[development & ~test], present), size[test])
        for name, risk in risks.items():
            told = {PATIENT_ID: people.index[test], "baseline": name, "dl_risk": np.asarray(risk)}
            tables.append(pd.DataFrame(told))
    empty = pd.DataFrame(columns=[PATIENT_ID, "baseline", "dl_risk"])
    table = pd.concat(tables, ignore_index=True) if tables else empty
    return table.assign(dl_mvi=(table["dl_risk"] >= 0.5).astype(int))
