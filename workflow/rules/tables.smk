# From a cohort's source to the tables that pages read.


def sources_of(wildcards):
    """Files that a cohort's patient table is read from."""
    spec = load_spec(wildcards.cohort)
    files = [description_path(spec), *(locate(record.id) for record in files_of(spec))]
    if spec.source["reader"] in ("table", "folder"):
        admitted = [RESULTS / spec.id / "left_out.csv"] if spec.id in OWN else []
        return [*files, table_path(spec), *admitted]
    return files if files[1:] else [*files, STUDY.root / "data_manifest" / "reconstruction.json"]


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
        limit=lambda wildcards: setting(STUDY, "phantom.limit") if wildcards.cohort in PHANTOMS else None,
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
