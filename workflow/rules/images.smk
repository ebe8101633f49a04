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
    params:
        roi_px=setting(STUDY, "network.roi_px"),
    priority: 100
    shell:
        "mvi step rois --cohort {wildcards.cohort}"
