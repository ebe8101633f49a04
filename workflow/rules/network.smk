# Trainings: one job for each set of sequences, so that a cluster profile can spread them.
ABLATION = [f"{row['sequences']}_r{row['repeat']}" for row in ablation_sets(STUDY)]


def sets_of(wildcards, suffix):
    """Trainings of the ablation that the sequences of a cohort allow."""
    sets = ablation_sets(STUDY, SPECS[wildcards.cohort].sequences)
    return [RESULTS / wildcards.cohort / f"training/{row['sequences']}_r{row['repeat']}{suffix}.csv" for row in sets]


JOB = STUDY.settings.get("training_job", {"mem_mb": 2000, "runtime": 60})  # MiB and minutes that a cluster must give
NETWORK = {"network": setting(STUDY, "network"), "training": setting(STUDY, "training")}


rule train:
    """Out-of-fold predictions of the development patients for one set of sequences."""
    input:
        RESULTS / "{cohort}/patients.csv",
        RESULTS / "{cohort}/rois.safetensors",
        RESULTS / "{cohort}/splits/r{repeat}.csv",
        code_of("train"),
    output:
        RESULTS / "{cohort}/training/{sequences}_r{repeat}.csv",
        RESULTS / "{cohort}/training/{sequences}_r{repeat}_epochs.csv",
    params:
        settings=NETWORK,
        seed=setting(STUDY, "seeds.training"),
    priority: 50
    resources:
        **JOB,
    shell:
        "mvi step train --cohort {wildcards.cohort} --sequences {wildcards.sequences} --repeat {wildcards.repeat}"


rule ablation:
    """All sets of sequences in one table."""
    input:
        lambda wildcards: sets_of(wildcards, ""),
        lambda wildcards: sets_of(wildcards, "_epochs"),
        code_of("ablation"),
    output:
        RESULTS / "{cohort}/ablation.csv",
        RESULTS / "{cohort}/training.csv",
    params:
        sets=ABLATION,
    shell:
        "mvi step ablation --cohort {wildcards.cohort}"


rule final:
    """Model trained on every development patient, applied once to the later year."""
    input:
        RESULTS / "{cohort}/patients.csv",
        RESULTS / "{cohort}/rois.safetensors",
        RESULTS / "{cohort}/training/T1+T1V+T1D_r0.csv",
        code_of("final"),
    output:
        RESULTS / "{cohort}/predictions.csv",
        RESULTS / "{cohort}/predictions_mean.csv",
        RESULTS / "{cohort}/predictions_in_sample.csv",
        RESULTS / "{cohort}/features.csv",
        RESULTS / "{cohort}/outside.csv",
        RESULTS / "{cohort}/model/model.safetensors",
        RESULTS / "{cohort}/model/reference.safetensors",
    wildcard_constraints:
        cohort=only(cohort for cohort in IMAGED if cohort not in FROZEN),
    params:
        settings=NETWORK,
        seed=setting(STUDY, "seeds.training"),
    priority: 50
    resources:
        **JOB,
    shell:
        "mvi step final --cohort {wildcards.cohort}"


rule apply:
    """What a frozen model says of a user's own patients, and how far their images lie from its own."""
    input:
        RESULTS / "{cohort}/patients.csv",
        RESULTS / "{cohort}/rois.safetensors",
        lambda wildcards: model_folder(SPECS[wildcards.cohort]) / "model.safetensors",
        code_of("apply"),
    output:
        RESULTS / "{cohort}/predictions.csv",
        RESULTS / "{cohort}/predictions_mean.csv",
        RESULTS / "{cohort}/outside.csv",
    wildcard_constraints:
        cohort=only(FROZEN),
    shell:
        "mvi step apply --cohort {wildcards.cohort}"
