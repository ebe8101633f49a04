# From a cohort's source to the tables that pages read.


def sources_of(wildcards):
    from mvi_core.cohort.load import source_files

    spec = STUDY.root / "data_manifest" / "cohorts" / f"{wildcards.cohort}.yaml"
    return [spec, *source_files(wildcards.cohort)]


rule patients:
    """Patient table, exclusion flow and quality table of a cohort."""
    input:
        sources_of,
        code_of("patients"),
    output:
        RESULTS / "{cohort}/patients.csv",
        RESULTS / "{cohort}/flow.csv",
        RESULTS / "{cohort}/quality.csv",
    params:
        seed=setting(STUDY, "seeds.cohort"),
        limit=lambda wildcards: setting(STUDY, "phantom.limit") if wildcards.cohort in IMAGED else None,
    shell:
        "mvi step patients --cohort {wildcards.cohort}"


def analysis_inputs(wildcards):
    network = load_spec(wildcards.cohort).analyses["dl_mvi"] == "network"
    names = ["patients.csv", "predictions.csv"] if network else ["patients.csv"]
    return [RESULTS / wildcards.cohort / name for name in names]


rule analysis:
    """Patient table joined with DL-MVI, out of fold for development patients."""
    input:
        analysis_inputs,
        code_of("analysis"),
    output:
        RESULTS / "{cohort}/analysis.csv",
    shell:
        "mvi step analysis --cohort {wildcards.cohort}"
