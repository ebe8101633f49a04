"""Made decision_dcurves.csv: net benefit of dcurves' own example patients. Run once: python decision_reference.py."""

from pathlib import Path

import pandas as pd


def main():
    import dcurves

    here = Path(__file__).parent
    patients = pd.read_csv(Path(dcurves.data) / "df_binary.csv")[["cancer", "cancerpredmarker"]]
    thresholds = [i / 100 for i in range(1, 100)]
    curve = dcurves.dca(data=patients, outcome="cancer", modelnames=["cancerpredmarker"], thresholds=thresholds)
    wide = curve.pivot(index="threshold", columns="model", values=["net_benefit", "net_intervention_avoided"])
    patients.to_csv(here / "decision_patients.csv", index=False)
    answers = {
        "net_benefit": wide["net_benefit", "cancerpredmarker"],
        "treat_all": wide["net_benefit", "all"],
        "avoided_per_patient": wide["net_intervention_avoided", "cancerpredmarker"],
    }
    pd.DataFrame(answers).to_csv(here / "decision_dcurves.csv")


if __name__ == "__main__":
    main()
