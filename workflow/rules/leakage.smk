# Who is judged by a model that never saw them: stored splits, baselines, and the control cohorts of chapter 14.
import yaml

CONTROLS = sorted(yaml.safe_load((STUDY.root / "data_manifest/controls.yaml").read_text(encoding="utf-8")))


rule split:
    """Fold of every development patient, stratified by grade."""
    input:
        RESULTS / "{cohort}/patients.csv",
        code_of("split"),
    output:
        RESULTS / "{cohort}/splits/r{repeat}.csv",
    params:
        seed=setting(STUDY, "seeds.training"),
        n_folds=setting(STUDY, "training.n_folds"),
    priority: 100
    shell:
        "mvi step split --cohort {wildcards.cohort} --repeat {wildcards.repeat}"


rule baselines:
    """What needs no network: the commoner answer, AFP, and lesion size."""
    input:
        RESULTS / "{cohort}/patients.csv",
        lambda wildcards: [] if wildcards.cohort in FROZEN else RESULTS / wildcards.cohort / "splits/r0.csv",
        code_of("baselines"),
    output:
        RESULTS / "{cohort}/baselines.csv",
    shell:
        "mvi step baselines --cohort {wildcards.cohort}"


rule ladder:
    """One small model under five protocols on each control cohort, in one process: its start costs more than a training."""
    input:
        STUDY.root / "data_manifest/controls.yaml",
        code_of("ladder"),
    output:
        [
            RESULTS / f"{name}/{result}.csv"
            for name in CONTROLS
            for result in ("control", "control_baselines", "ladder_scores", "ladder")
        ],
    params:
        settings=setting(STUDY, "leakage"),
        seed=setting(STUDY, "seeds.leakage"),
        resamples=setting(STUDY, "resampling.n_bootstrap"),
    priority: 60
    shell:
        "mvi step ladder"


rule leakage:
    """What leaks and ways of counting make of the scores."""
    input:
        [RESULTS / f"{name}/ladder.csv" for name in CONTROLS],
        RESULTS / "{cohort}/patients.csv",
        [RESULTS / f"{{cohort}}/predictions{end}.csv" for end in ("", "_mean", "_in_sample")],
        code_of("leakage"),
    output:
        RESULTS / "{cohort}/leakage.csv",
        RESULTS / "{cohort}/counting.csv",
        RESULTS / "{cohort}/in_sample.csv",
    params:
        resamples=setting(STUDY, "resampling.n_bootstrap"),
        seed=setting(STUDY, "seeds.resampling"),
    shell:
        "mvi step leakage --cohort {wildcards.cohort}"
