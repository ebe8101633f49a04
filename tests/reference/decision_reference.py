"""Made decision_*.csv: net benefit of dcurves' own example patients. Run once: python decision_reference.py."""

from pathlib import Path

import pandas as pd

THRESHOLDS = [i / 100 for i in range(1, 100)]


def main():
    import dcurves

    here, source = Path(__file__).parent, Path(dcurves.data)
    patients = pd.read_csv(source / "df_binary.csv")[["cancer", "cancerpredmarker"]]
    patients.to_csv(here / "decision_patients.csv", index=False)
    answers(patients).to_csv(here / "decision_dcurves.csv")
    followed = pd.read_csv(source / "df_surv.csv")[["ttcancer", "cancer", "cancerpredmarker"]]
    followed.to_csv(here / "decision_survival_patients.csv", index=False)
    answers(followed, time=1.5, time_to_outcome_col="ttcancer").to_csv(here / "decision_survival_dcurves.csv")


def answers(patients, **survival):
    import dcurves

    told = {"outcome": "cancer", "modelnames": ["cancerpredmarker"], "thresholds": THRESHOLDS, **survival}
    curve = dcurves.dca(data=patients, **told)
    wide = curve.pivot(index="threshold", columns="model", values=["net_benefit", "net_intervention_avoided"])
    return pd.DataFrame(
        {
            "net_benefit": wide["net_benefit", "cancerpredmarker"],
            "treat_all": wide["net_benefit", "all"],
            "avoided_per_patient": wide["net_intervention_avoided", "cancerpredmarker"],
        }
    )


if __name__ == "__main__":
    main()
