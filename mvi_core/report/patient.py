"""What does a trained model say of one new patient: a table, and one page for a person, with what it must doubt."""

import base64
import html
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mvi_core.errors import ManifestError
from mvi_core.manifest import sha256
from mvi_core.names import DL_MVI, PATIENT_ID, CohortKind
from mvi_core.stats.conformal import conformal_sets, stored_p_values
from mvi_core.stats.nomogram import points, risk
from mvi_core.stats.nomogram_scales import Nomogram

RESEARCH_ONLY = "Research use only: not for diagnosis, not for treatment."
PROMISED = 0.9  # share of patients of each grade whose set shall hold their grade
CHANCES = ["p_m0", "p_m1", "p_m2"]
AFP = "afp_gt_20"
CALLS = ("absent", "present")
UNKNOWN = "not known"


@dataclass(frozen=True, eq=False)
class Judged:
    """New patients as a model sees them."""

    predictions: pd.DataFrame  #: of `model.prediction.prediction_table`
    ranges: pd.DataFrame  #: ``risk_low`` and ``risk_high`` over the slice combinations, by patient
    outside: pd.DataFrame  #: share of the training images that lie nearer, by patient; no column without a reference
    sets: pd.Series  #: grades that cannot be ruled out, joined with ``+``, by patient
    index: pd.DataFrame  #: of the lesion images
    sequences: tuple
    facts: dict  #: of the model: hash, cohort and kind where known
    nomogram: Nomogram | None

    def table(self, clinical=None):
        """One row a patient and scoring, with everything that the pages show; ``clinical``: texts, by row."""
        from mvi_core.model.reference import FAR

        by_patient = self.ranges.join(self.outside.add_prefix("nearer_")).join(self.sets.rename("cannot_rule_out"))
        if "joined" in self.outside:
            by_patient["outside"] = (self.outside["joined"] >= FAR).map({True: "yes", False: "no"})
        first = self.predictions[self.predictions["scoring"] == "first"].set_index(PATIENT_ID)
        by_patient = by_patient.join(self._scores(first[DL_MVI], clinical))
        table = self.predictions.drop(columns=["enrolment", "fold"]).join(by_patient, on=PATIENT_ID)
        return table.assign(use=RESEARCH_ONLY)

    def _scores(self, dl_mvi, clinical):
        """Points and probability of the nomogram where AFP is known."""
        columns = ["afp_ng_ml", "points", "probability", "probability_low", "probability_high"]
        rows = {}
        if self.nomogram and clinical is not None and "afp_ng_ml" in clinical:
            afp = pd.to_numeric(clinical.set_index(PATIENT_ID)["afp_ng_ml"], errors="coerce").dropna()
            for name in dl_mvi.index.intersection(afp.index):
                values = {AFP: float(afp[name] > 20), DL_MVI: float(dl_mvi[name])}
                found = risk(self.nomogram, values)
                rows[name] = (afp[name], points(self.nomogram, values), found.value, found.low, found.high)
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def judge(read, boxes, folder):
    """Let the model of a folder judge new patients: a `Judged`.

    Parameters
    ----------
    read : callable
        Gives the `Volume` of a patient and sequence.
    boxes : pandas.DataFrame
        As `dataset.rois.build_roi_cache` asks.
    folder : pathlib.Path

    Raises
    ------
    MviError
        If the model, a series or a box cannot be used, or the model was trained on one of the patients.
    """
    from mvi_core.dataset.rois import build_roi_cache, read_roi_cache
    from mvi_core.dataset.torch_dataset import roi_dataset
    from mvi_core.model.checkpoint import load_network
    from mvi_core.model.embedding import slice_features
    from mvi_core.model.prediction import grade_probabilities, prediction_table, refuse_seen
    from mvi_core.model.reference import load_reference

    network, description = load_network(folder / "model.safetensors")
    sequences, notes = tuple(description["sequences"]), description["notes"]
    refuse_seen(notes.get("trained_on", ()), boxes[PATIENT_ID].unique())
    with tempfile.TemporaryDirectory() as place:
        cache = Path(place) / "rois.safetensors"
        build_roi_cache(read, boxes, cache, roi_px=description["roi_px"], sequences=sequences)
        crops, index = read_roi_cache(cache)
    people = pd.DataFrame({PATIENT_ID: index[PATIENT_ID].drop_duplicates(), "enrolment": ""})
    people["mvi_grade"] = "M0"  # unknown; a dataset asks for one, and prediction never reads it
    dataset = roi_dataset(crops, index, people, sequences=sequences)
    chances = grade_probabilities(network, dataset.plain_rois(1))
    ids = pd.Index(dataset.patient_ids, name=PATIENT_ID)
    features = pd.Series(list(slice_features(network, dataset.plain_rois(1))), ids)
    away, sets = _doubts(features, pd.DataFrame(chances["first"], ids), sequences, load_reference(folder))
    facts = {key: notes[key] for key in ("cohort", "kind") if key in notes}
    return Judged(
        predictions=prediction_table(dataset, chances, split="new"),
        ranges=pd.DataFrame(chances["risk_range"], ids, ["risk_low", "risk_high"]),
        outside=away, sets=sets, index=index, sequences=sequences,
        facts=facts | {"sha256": sha256(folder / "model.safetensors")}, nomogram=_nomogram(folder),
    )  # fmt: skip


def _doubts(features, chances, sequences, reference):
    """How far each patient's images lie outside, and the grades that cannot be ruled out, by the model's reference."""
    from mvi_core.model.reference import calibration_of, outside

    if reference is None:
        return pd.DataFrame(index=chances.index), pd.Series(UNKNOWN, index=chances.index)
    told = outside(np.stack(features.to_list()), reference)
    names = {str(place): name for place, name in enumerate(sequences)}
    held = conformal_sets(stored_p_values(chances, calibration_of(reference)), level=PROMISED)
    sets = held.apply(lambda row: "+".join(row.index[row]) or "none", axis=1)
    return pd.DataFrame(told, chances.index).rename(columns=names), sets


def patient_page(name, row, picture, judged):
    """HTML of one patient's page: ``row`` of `Judged.table`, ``picture`` of the boxes as PNG bytes."""
    grades = "".join(
        f'<tr><th scope="row">{grade}</th><td>{100 * row[column]:.0f} %</td>'
        f'<td aria-hidden="true"><span class="bar" style="width:{100 * row[column]:.0f}%"></span></td></tr>'
        for grade, column in zip(("M0, no MVI", "M1", "M2"), CHANCES, strict=True)
    )
    facts = [
        ("MVI by the network", f"{CALLS[int(row[DL_MVI])]}; risk (M1 or M2) {_percent(row['dl_risk'])}"),
        ("Range of the risk", f"{_percent(row['risk_low'])} to {_percent(row['risk_high'])}, over the ways to take one "
         "slice of each sequence: what the choice of the slice does, not how sure the model is"),
        ("Grades not ruled out", _set_words(row["cannot_rule_out"])),
        ("Nomogram", _nomogram_words(row)),
        ("Like the training images?", _outside_words(row, judged.sequences)),
        ("Model", _model_words(judged)),
    ]  # fmt: skip
    listed = "".join(f"<dt>{html.escape(term)}</dt><dd>{html.escape(text)}</dd>" for term, text in facts)
    shown = html.escape(str(name))
    image = base64.b64encode(picture).decode()
    alt = f"One row a sequence ({', '.join(judged.sequences)}): the slice with the drawn box enlarged, and the crop."
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>MVI, patient {shown}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body><main>'
        f'<p class="use" role="note"><strong>{RESEARCH_ONLY}</strong></p><h1>Patient {shown}</h1>'
        f"{_warnings(row, judged)}"
        f"<table><caption>Probability of each grade of microvascular invasion (MVI)</caption>"
        f'<thead><tr><th scope="col">Grade</th><th scope="col">Probability</th><td></td></tr></thead>'
        f"<tbody>{grades}</tbody></table><dl>{listed}</dl>"
        f'<figure><img alt="{html.escape(alt)}" src="data:image/png;base64,{image}">'
        f"<figcaption>What the network was shown. Is this the lesion? If not, nothing on this page holds.</figcaption>"
        f"</figure></main></body></html>\n"
    )


STYLE = """
@page { size: A4; margin: 12mm } * { box-sizing: border-box }
body { font: 15px/1.4 system-ui, "DejaVu Sans", sans-serif; color: #1b1b1b; background: #fff; margin: 0 }
main { max-width: 190mm; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.5rem; margin: .5rem 0 } .use { background: #7a1f0c; color: #fff; padding: .4rem .8rem; margin: 0 }
.warning { border: 2px solid #a5361f; border-left-width: .7rem; padding: .4rem .8rem; margin: .5rem 0 }
table { border-collapse: collapse; width: 100% } caption { text-align: left; font-weight: 600; padding: .3rem 0 }
th, td { text-align: left; padding: .15rem .6rem .15rem 0; border-bottom: 1px solid #ccc; width: 9rem }
tbody th { font-weight: 400 }
thead th { font-weight: 600 } td:last-child { width: auto } .bar { display: block; height: .9rem; background: #00687a }
dl { display: grid; grid-template-columns: 12rem 1fr; gap: .25rem .8rem; margin: .8rem 0 } dt { font-weight: 600 }
dd { margin: 0 } figure { margin: 0 } img { width: 100%; max-height: 95mm; object-fit: contain }
figcaption { font-size: .9rem }
@media (max-width: 34rem) { dl { grid-template-columns: 1fr } }
@media print { body { font-size: 11.5px } main { padding: 0 } * { print-color-adjust: exact } }
"""


def _percent(share):
    return f"{100 * share:.0f} %"


def _warnings(row, judged):
    told = []
    if row.get("outside") == "yes":
        told.append(
            "These images lie outside what the model has seen: its numbers say nothing about them. Another scanner, "
            "another protocol or a wrong box are the usual reasons."
        )
    if judged.facts.get("kind") == CohortKind.PHANTOM:
        told.append("The model was trained on simulated images: of a real patient its numbers mean nothing.")
    return "".join(f'<p class="warning" role="note"><strong>{html.escape(text)}</strong></p>' for text in told)


def _set_words(text):
    if text == UNKNOWN:
        return "not known: the model keeps no calibration patients"
    promise = (
        f"a set holds the true grade of {_percent(PROMISED)} of the patients of each grade, while they are like those"
    )
    return f"{text.replace('+', ', ')}, judged by patients of known grade ({promise} of the model)"


def _nomogram_words(row):
    if pd.isna(row.get("points")):
        return "not used: it needs AFP and a nomogram beside the model"
    interval = f"{100 * row['probability_low']:.0f} to {100 * row['probability_high']:.0f} %"
    return (
        f"AFP {row['afp_ng_ml']:g} ng/mL and DL-MVI give {row['points']:.0f} points, a probability of MVI of "
        f"{100 * row['probability']:.0f} % (95 % interval {interval}: the chance in the fit alone)"
    )


def _outside_words(row, sequences):
    if pd.isna(row.get("nearer_joined")):
        return "not known: the model keeps no reference of its training images"
    each = ", ".join(f"{name} {100 * row[f'nearer_{name}']:.0f} %" for name in sequences)
    return (
        f"{'no' if row['outside'] == 'yes' else 'yes'}: {100 * row['nearer_joined']:.0f} % of the training images lie "
        f"nearer to their centre ({each}; from 95 % on for all together an image counts as outside)"
    )


def _model_words(judged):
    made = (
        f"trained on {judged.facts['cohort']} ({judged.facts['kind']})"
        if "cohort" in judged.facts
        else "of unknown origin"
    )
    return f"{'+'.join(judged.sequences)}, {made}, sha256 {judged.facts['sha256'][:12]}"


def _nomogram(folder):
    """Nomogram beside the model, if it is the one of AFP and DL-MVI."""
    path = folder.parent / "nomogram.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        if content == {}:  # no file, or that of a chapter that was left out
            return None
        sheet = Nomogram.from_dict(content)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as problem:
        raise ManifestError(f"{path.name} beside the model is no nomogram. Make it again, or remove it.") from problem
    return sheet if {axis.variable for axis in sheet.axes} == {AFP, DL_MVI} else None
