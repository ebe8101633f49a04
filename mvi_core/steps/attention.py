"""What does the network see, and what does drift cost it: drift-free twins, replaced sequences, maps of attention."""

from dataclasses import replace

import numpy as np
import pandas as pd

from mvi_core.cohort.spec import load_spec
from mvi_core.names import PAPER_SEQUENCES, CohortKind
from mvi_core.results import record_result, result_path, write_result
from mvi_core.steps.network import _by_year, _dataset
from mvi_core.steps.progress import epochs
from mvi_core.study import load_study, setting

MODEL, ROIS, TWINS = "model/model.safetensors", "rois.safetensors", "twins.safetensors"


def twins(cohort):
    """Drift-free images of a phantom's external patients, and where their lesions are."""
    from safetensors.numpy import save_file

    from mvi_core.dataset.phantom_twin import render_again
    from mvi_core.dataset.rois import read_roi_cache

    study, (_, external) = load_study(), _by_year(cohort)
    sizes, seed = setting(study, "phantom"), setting(study, "seeds.phantom")
    grid = (sizes["n_slices"], sizes["matrix"], sizes["pixel_mm"])
    index = read_roi_cache(result_path(cohort, ROIS))[1].query("sequence in @PAPER_SEQUENCES")
    rois, lesion = render_again(external, index, seed=seed, grid=grid, roi_px=setting(study, "network.roi_px"))
    save_file({"rois": rois, "lesion": lesion}, result_path(cohort, TWINS))
    inputs = [result_path(cohort, name) for name in ("patients.csv", ROIS, "rois_index.csv")]
    record_result(result_path(cohort, TWINS), parameters={"seed": seed, "grid": grid}, inputs=inputs)


def replaced(cohort):
    """Risk of the external patients with the images of some sequences replaced by images that do not drift."""
    from mvi_core.model.checkpoint import load_network
    from mvi_core.model.embedding import feature_table, replaced_risks, slice_features

    network, _ = load_network(result_path(cohort, MODEL))
    development, external = _datasets(cohort)
    (mean, sd), (here, spread) = development.intensity_scale(), external.intensity_scale()
    scale = [x.view(1, -1, 1, 1, 1) for x in (mean, sd, here, spread)]
    matched = replace(external, rois=(external.rois.float() - scale[2]) / scale[3] * scale[1] + scale[0])
    remedies, inputs = {"mean and SD matched": matched}, ["patients.csv", ROIS, MODEL]
    if load_spec(cohort).kind == CohortKind.PHANTOM:
        remedies["drawn without drift"], inputs = replace(external, rois=_twins(cohort)["rois"]), [*inputs, TWINS]
    as_they_are, tables = slice_features(network, external.plain_rois()), []
    for remedy, dataset in remedies.items():
        features = slice_features(network, dataset.plain_rois())
        risks = replaced_risks(network, as_they_are, features, PAPER_SEQUENCES)
        tables.append(risks.assign(patient_id=np.tile(external.patient_ids, 8), remedy=remedy))
    write_result(cohort, "replaced.csv", pd.concat(tables, ignore_index=True), inputs=inputs)
    features = np.concatenate([slice_features(network, development.plain_rois()), features])  # of the last remedy
    ids = np.concatenate([development.patient_ids, external.patient_ids])
    table = feature_table(features, ids, PAPER_SEQUENCES).assign(remedy=remedy)
    write_result(cohort, "features_replaced.csv", table, inputs=inputs)


def attention(cohort):
    """Map what the network looks at in a phantom's external patients, by region, with the check by new weights."""
    import torch
    from safetensors.torch import save_file

    from mvi_core.dataset.phantom_twin import regions
    from mvi_core.model.attention import integrated_gradients, randomised
    from mvi_core.model.checkpoint import load_network
    from mvi_core.model.cross_fit import fit_network, model_settings

    study, (development, external) = load_study(), _datasets(cohort)
    settings = model_settings(setting(study, "network"), setting(study, "training"))
    seed = setting(study, "seeds.training") + 1
    network, _ = load_network(result_path(cohort, MODEL))
    batches = development.training_batches(seed=seed, batch_patients=settings.training.batch_patients)
    again, _ = fit_network(batches, settings=settings, seed=seed, progress=epochs("the same training, another seed"))
    networks = {
        "trained": network,
        "trained again": again,
        "weights drawn anew": randomised(network, development.plain_rois(), seed=seed),
    }
    images = torch.cat(list(external.plain_rois()))[:, :, :1]
    lesion = torch.cat(list(replace(external, rois=_twins(cohort)["lesion"]).plain_rois()))[:, :, 0]
    maps = {name: integrated_gradients(each, images) for name, each in networks.items()}
    table = _by_region(maps, regions(lesion.numpy(), _pixel_mm(cohort, external)), external.patient_ids)
    inputs = ["patients.csv", ROIS, MODEL, TWINS]
    write_result(cohort, "attention.csv", table, parameters={"seed": seed}, inputs=inputs)
    kept = {name.replace(" ", "_"): shares for name, (shares, _) in maps.items()}
    kept |= {"image": images[:, :, 0], "lesion": lesion}
    path = result_path(cohort, "attention_maps.safetensors")
    save_file({name: tensor.half().contiguous() for name, tensor in kept.items()}, path)
    record_result(path, inputs=[result_path(cohort, name) for name in inputs])


def _by_region(maps, place, patient_ids):
    """Share of each region in the attention of each network, and how well its map agrees with the trained one."""
    from mvi_core.dataset.phantom_twin import REGIONS
    from mvi_core.stats.contribution import rank_correlation

    rows = []
    for name, (shares, gap) in maps.items():
        agree = rank_correlation(maps["trained"][0].flatten(0, 1), shares.flatten(0, 1)).reshape(shares.shape[:2])
        weight = shares.abs().numpy() / shares.abs().sum((2, 3), keepdim=True).numpy()  # (P, S, H, W)
        for s, sequence in enumerate(PAPER_SEQUENCES):
            for number, region in enumerate(REGIONS):
                here = place[:, s] == number
                found = {"share": (weight[:, s] * here).sum((1, 2)), "area": here.mean((1, 2))}
                label = {"network": name, "sequence": str(sequence), "region": region, "agreement": agree[:, s]}
                rows.append(pd.DataFrame({"patient_id": patient_ids, **label, **found, "gap": gap}))
    return pd.concat(rows, ignore_index=True)


def _datasets(cohort):
    return tuple(_dataset(load_study(), cohort, people, PAPER_SEQUENCES) for people in _by_year(cohort))


def _twins(cohort):
    from safetensors.torch import load_file

    return load_file(result_path(cohort, TWINS))


def _pixel_mm(cohort, dataset):
    """Height and width of a pixel of the network input in mm, (P, S, 2): what is left of the crop at inference."""
    from mvi_core.dataset.augment import CACHE_MARGIN_PX
    from mvi_core.dataset.rois import read_roi_cache

    spacing = read_roi_cache(result_path(cohort, ROIS))[1]["spacing_mm"].iloc[0]
    cut = 2 * (CACHE_MARGIN_PX - dataset.augment.plain_margin_px)
    return (dataset.crop_px[:, :, 0] - cut) * spacing / dataset.rois.shape[-1]
