# What the network sees: drift-free twins, the cost of drift, maps of attention; and the sweeps that no book run makes.
from workflow.stored import CHOICE_REPEATS, DEFAULT_REPEATS, DEFAULT_SET, SUBSET_REPEATS, SUBSETS, choice_names

SEEN = [RESULTS / "{cohort}/model/model.safetensors", RESULTS / "{cohort}/rois.safetensors"]
STORED = STUDY.root / "workflow/stored.py"
CHOICES = list(choice_names())
EVERY_SUBSET = [f"{name}_r{repeat}" for name in SUBSETS for repeat in range(SUBSET_REPEATS)]
if isinstance(setting(STUDY, "ablation"), dict):  # the profile trains every set by itself, as often as it says
    EVERY_SUBSET = ABLATION


rule twins:
    """The later patients of a phantom, drawn again without drift."""
    input:
        RESULTS / "{cohort}/patients.csv",
        RESULTS / "{cohort}/rois.safetensors",
        code_of("twins"),
    output:
        RESULTS / "{cohort}/twins.safetensors",
    params:
        settings=setting(STUDY, "phantom"),
        seed=setting(STUDY, "seeds.phantom"),
    shell:
        "mvi step twins --cohort {wildcards.cohort}"


def twins_of(wildcards):
    phantom = load_spec(wildcards.cohort).kind == "phantom"
    return [RESULTS / wildcards.cohort / "twins.safetensors"] if phantom else []


rule replaced:
    """Risk of the external patients with some sequences replaced by images that do not drift."""
    input:
        RESULTS / "{cohort}/patients.csv",
        SEEN,
        twins_of,
        code_of("replaced"),
    output:
        RESULTS / "{cohort}/replaced.csv",
        RESULTS / "{cohort}/features_replaced.csv",
    shell:
        "mvi step replaced --cohort {wildcards.cohort}"


rule attention:
    """What the network looks at in the external patients, by region, and the check by new weights."""
    input:
        RESULTS / "{cohort}/patients.csv",
        SEEN,
        RESULTS / "{cohort}/twins.safetensors",
        code_of("attention"),
    output:
        RESULTS / "{cohort}/attention.csv",
        RESULTS / "{cohort}/attention_maps.safetensors",
    params:
        settings=NETWORK,
        seed=setting(STUDY, "seeds.training"),
    shell:
        "mvi step attention --cohort {wildcards.cohort}"


rule choice:
    """One training with one silent choice made otherwise."""
    input:
        RESULTS / "{cohort}/patients.csv",
        RESULTS / "{cohort}/rois.safetensors",
    output:
        RESULTS / "{cohort}/choices/{choice}_r{repeat}.csv",
    params:
        part=lambda wildcards: CHOICES.index(wildcards.choice),
    shell:
        "python {STORED} choice --cohort {wildcards.cohort} --part {params.part} --repeat {wildcards.repeat}"


rule choices:
    """Stored table: how much the silent choices matter (`python workflow/run.py choices --jobs 2`)."""
    input:
        [RESULTS / f"phantom/training/{DEFAULT_SET}_r{repeat}.csv" for repeat in range(DEFAULT_REPEATS)],
        [RESULTS / f"phantom/choices/{name}_r{repeat}.csv" for name in CHOICES for repeat in range(CHOICE_REPEATS)],
    shell:
        "python {STORED} choices --cohort phantom"


rule subsets:
    """Stored table: every set of sequences (`python workflow/run.py subsets --jobs 2`)."""
    input:
        [RESULTS / f"phantom/training/{name}.csv" for name in EVERY_SUBSET],
    shell:
        "python {STORED} subsets --cohort phantom"
