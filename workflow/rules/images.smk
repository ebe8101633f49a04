# From simulated patients to DICOM files to lesion images.
PARTS = range(setting(STUDY, "phantom.parts"))


rule simulate:
    """DICOM files of one share of the phantom's patients; the ROI table is written last."""
    input:
        RESULTS / "{cohort}/patients.csv",
        code_of("simulate"),
    output:
        RESULTS / "{cohort}/images/rois_{part}.csv",
    params:
        settings=setting(STUDY, "phantom"),
        seed=setting(STUDY, "seeds.phantom"),
    priority: 100
    shell:
        "mvi step simulate --cohort {wildcards.cohort} --part {wildcards.part}"


rule rois:
    """Lesion images of every patient, cropped and resized once."""
    input:
        [RESULTS / f"{{cohort}}/images/rois_{part}.csv" for part in PARTS],
        code_of("rois"),
    output:
        RESULTS / "{cohort}/rois.safetensors",
        RESULTS / "{cohort}/rois_index.csv",
    wildcard_constraints:
        cohort=only(PHANTOMS),
    params:
        roi_px=setting(STUDY, "network.roi_px"),
    priority: 100
    shell:
        "mvi step rois --cohort {wildcards.cohort}"


rule segmented:
    """Lesion images of real patients whose tumour was drawn in a public archive."""
    input:
        RESULTS / "{cohort}/patients.csv",
        code_of("segmented"),
    output:
        RESULTS / "{cohort}/rois.safetensors",
        RESULTS / "{cohort}/rois_index.csv",
        RESULTS / "{cohort}/left_out.csv",
    wildcard_constraints:
        cohort=only(cohort for cohort in IMAGED if SPECS[cohort].source["reader"] == "liverhccseg"),
    params:
        roi_px=setting(STUDY, "network.roi_px"),
    shell:
        "mvi step segmented --cohort {wildcards.cohort}"


def scanned(wildcards):
    """Tables of a user's own cohort folder that say who has which images, and the frozen model whose size they take."""
    spec = SPECS[wildcards.cohort]
    tables = [spec.folder / name for name in ("patients.csv", "series.csv", "files.csv", "rois.csv")]
    return [description_path(spec), *tables, *([model_folder(spec) / "model.safetensors"] if spec.frozen else [])]


rule admit:
    """Lesion images of a user's own patients; a fault stops the run here, before any training."""
    input:
        scanned,
        code_of("admit"),
    output:
        RESULTS / "{cohort}/rois.safetensors",
        RESULTS / "{cohort}/rois_index.csv",
        RESULTS / "{cohort}/left_out.csv",
    wildcard_constraints:
        cohort=only(OWN),
    params:
        roi_px=setting(STUDY, "network.roi_px"),
        skip_bad=lambda wildcards: SPECS[wildcards.cohort].skip_bad,
    priority: 100
    shell:
        "mvi step admit --cohort {wildcards.cohort}"
