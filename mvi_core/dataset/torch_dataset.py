"""What does the network read: cached ROIs of chosen sequences and patients, as tensors, in reproducible batches."""

import hashlib
import math
import warnings
from dataclasses import dataclass, replace
from itertools import cycle

import numpy as np
import torch

from mvi_core.checks import expect_choice, expect_shape
from mvi_core.dataset.augment import (
    AugmentSettings,
    apply_augmentation,
    draw_augmentation,
    no_augmentation,
    patient_generator,
    stack_draws,
)
from mvi_core.dataset.split import check_disjoint
from mvi_core.errors import CohortError, MviError, MviWarning, RoiError
from mvi_core.names import GRADES, N_SLICES, SEQUENCES

N_NAMED = 5  # patients named in a message
PER_PATIENT = ("patient_ids", "enrolment", "rois", "crop_px", "grades")


@dataclass(frozen=True)
class RoiDataset:
    """ROIs, grades and sizes of some patients; `select` and `part` give smaller ones, nothing is ever shuffled.

    Parameters
    ----------
    patient_ids, enrolment : numpy.ndarray of str, shape (P,)
    rois : torch.Tensor of float, shape (P, S, 3, H, W)
        As cached: crops with a margin of 10 px, intensities not yet normalised.
    crop_px : numpy.ndarray of float, shape (P, S, 3, 2)
        Height and width of each crop before its resize.
    grades : torch.Tensor of int64, shape (P,)
        0, 1, 2 for M0, M1, M2.
    sequence_index : tuple of int
        Positions of the ``S`` sequences in `names.SEQUENCES`.
    augment : AugmentSettings
    """

    patient_ids: np.ndarray
    enrolment: np.ndarray
    rois: torch.Tensor
    crop_px: np.ndarray
    grades: torch.Tensor
    sequence_index: tuple[int, ...]
    augment: AugmentSettings

    def __len__(self):
        """Count the patients."""
        return len(self.patient_ids)

    def select(self, patient_ids):
        """Dataset of the named patients, in the order of the names; an unknown one is refused."""
        position = {patient_id: row for row, patient_id in enumerate(self.patient_ids)}
        unknown = [patient_id for patient_id in patient_ids if patient_id not in position]
        _refuse(unknown, CohortError, "have no ROIs in this dataset", "Choose patients of the cohort.")
        rows = np.array([position[patient_id] for patient_id in patient_ids], dtype=int)
        return replace(self, **{name: getattr(self, name)[rows] for name in PER_PATIENT})

    def part(self, train_ids, test_ids):
        """Training and test dataset; the only way to get both. A patient in both raises `SplitError`."""
        check_disjoint(train_ids, test_ids)
        return self.select(train_ids), self.select(test_ids)

    def refuse_shared(self, other):
        """Refuse, by `SplitError`, a second dataset that holds one of these patients."""
        check_disjoint(self.patient_ids, other.patient_ids)

    def training_batches(self, **options):
        """Shuffled, augmented batches of these patients; options as in `TrainingBatches`."""
        return TrainingBatches(self, **options)

    def intensity_scale(self):
        """Mean and standard deviation of each sequence over these patients only, float32 of shape (S,).

        A sequence that is constant everywhere gets standard deviation 1, with a warning.
        """
        stacks = [self.rois[:, s].double() for s in range(len(self.sequence_index))]
        mean = torch.stack([stack.mean() for stack in stacks])
        sd = torch.stack([stack.std(correction=0) for stack in stacks])
        if not sd.all():
            blank = ", ".join(SEQUENCES[self.sequence_index[s]] for s in torch.nonzero(sd == 0).flatten().tolist())
            warnings.warn(f"Every ROI of {blank} is blank in {len(self)} patients; it carries nothing.", MviWarning, 2)
        return mean.float(), torch.where(sd == 0, 1.0, sd).float()

    def fingerprint(self):
        """Digest of patients, grades and intensities, so that a resumed training can refuse other data."""
        digest = hashlib.sha256("/".join(self.patient_ids).encode())
        for array in (self.grades.numpy(), self.rois.numpy(), self.crop_px):
            digest.update(np.ascontiguousarray(array).data)
        digest.update(repr((self.sequence_index, self.augment)).encode())
        return digest.hexdigest()

    def plain_rois(self, size=16):
        """Yield ROIs for inference, float32 of shape (b, S, 3, H, W), in order: middle margin, no variation.

        At most ``size`` patients a batch: with 1 no patient's result depends on who else is there, to the last bit.
        """
        for start in range(0, len(self), size):
            rois = self.rois[start : start + size].float()
            crop_px, draw = self.crop_px[start : start + size], no_augmentation(rois.shape[:3], self.augment)
            yield apply_augmentation(rois, draw, crop_px=crop_px, sequence_sd=torch.ones(rois.shape[1]))


class TrainingBatches:
    """Batches of one dataset by epoch: shuffled, augmented, and the same at every visit.

    Parameters
    ----------
    dataset : RoiDataset
        Training patients only; the noise takes its unit from them.
    seed : int
        With patient and epoch it decides order and variations.
    batch_patients : int
        Largest batch; batches of an epoch differ by at most one patient.
    sampling : str
        ``"plain"``: an epoch shows every patient once. ``"balanced"``: grades take turns, as many turns as there are
        patients; those of a rare grade come several times, varied anew, and some of a frequent grade not at all.
    device : torch.device or str
        Where the ROIs lie, moved once, and are varied; draws are made on the CPU.
    share : tuple of int
        Number of this process and of all: each gets the patients of a batch in turn, with the draws of one process.
    """

    def __init__(self, dataset, *, seed, batch_patients, sampling="plain", device="cpu", share=(0, 1)):
        self.dataset, self.seed, self.grades, self.share = dataset, seed, dataset.grades, share
        self.moved = replace(dataset, rois=dataset.rois.to(device), grades=dataset.grades.to(device))
        self.sampling = expect_choice("sampling", sampling, ("plain", "balanced"))
        self.n_batches = math.ceil(len(dataset) / batch_patients)
        self.roi_px = dataset.rois.shape[-1]
        self.intensity_scale = dataset.intensity_scale()
        if len(dataset) // self.n_batches < share[1]:
            raise MviError(
                f"A batch must hold a patient for each of {share[1]} processes, got {len(dataset) // self.n_batches}. "
                "Raise training.batch_patients, or start fewer processes."
            )

    def __len__(self):
        """Count the batches of an epoch."""
        return self.n_batches

    def fingerprint(self):
        """Digest of all that decides the batches."""
        return f"{self.dataset.fingerprint()}/{self.seed}/{self.n_batches}/{self.sampling}"

    def epoch(self, epoch):
        """Batches of one epoch.

        Parameters
        ----------
        epoch : int
            From 0; nothing of an earlier epoch is needed to make a later one.

        Yields
        ------
        tuple
            Patients (array of str), ROIs (float32 tensor, (B, S, 3, H, W)), grades (int64 tensor, (B,)); of this
            process's share.
        """
        ids = self.dataset.patient_ids
        generators = {patient_id: patient_generator(self.seed, patient_id, epoch) for patient_id in ids}
        ticket = {patient_id: generators[patient_id].random() for patient_id in ids}
        order = np.array(sorted(ids, key=lambda name: (ticket[name], name)))
        if self.sampling == "balanced":
            order = self._balanced(order)
        for batch_ids in np.array_split(order, self.n_batches):
            draws = [draw_augmentation(generators[patient_id], self.dataset.augment) for patient_id in batch_ids]
            mine = slice(self.share[0], None, self.share[1])
            batch = self.moved.select(batch_ids[mine])
            draw = stack_draws([each.select(list(batch.sequence_index)) for each in draws[mine]])
            rois = apply_augmentation(
                batch.rois.float(), draw, crop_px=batch.crop_px, sequence_sd=self.intensity_scale[1]
            )
            yield batch.patient_ids, rois, batch.grades

    def _balanced(self, order):
        """Patients in turns of one a grade, each grade's beginning anew when it is through."""
        grade = dict(zip(self.dataset.patient_ids, self.grades.tolist(), strict=True))
        groups = [[name for name in order if grade[name] == value] for value in sorted(set(grade.values()))]
        turns = [cycle(group) for group in groups]
        return np.array([next(turns[place % len(turns)]) for place in range(len(order))])


def roi_dataset(rois, index, patients, *, sequences, augment=None):
    """Dataset of the patients of a table, from the ROI cache of their cohort.

    Parameters
    ----------
    rois : array-like of float, shape (P, 6, 3, H, W)
        Cached crops, sequences in the order of `names.SEQUENCES`, patients in the order of `index`.
    index : pandas.DataFrame
        One row per patient, sequence and slice, in that order; columns ``patient_id``, ``row0``, ``row1``,
        ``col0``, ``col1`` give the crop before its resize.
    patients : pandas.DataFrame
        Columns ``patient_id``, ``enrolment`` and ``mvi_grade``; one row per patient.
    sequences : sequence of str
        Branches of the network, in the order of the concatenation.
    augment : AugmentSettings, optional

    Returns
    -------
    RoiDataset
        In the order of `patients`.

    Raises
    ------
    CohortError
        If a patient lacks a grade or stands in two rows, or a sequence is unknown or named twice.
    RoiError
        If a patient has no ROIs, or an intensity is not finite.
    """
    cached_ids = index.patient_id.drop_duplicates().tolist()
    expect_shape("rois", rois, (len(cached_ids), len(SEQUENCES), N_SLICES, "H", "W"))
    expect_shape("index", index, (len(cached_ids) * len(SEQUENCES) * N_SLICES, "columns"))
    _check_patients(patients, cached_ids)
    where = _sequence_index(sequences)
    rows = [cached_ids.index(patient_id) for patient_id in patients.patient_id]
    size = np.stack([index.row1 - index.row0, index.col1 - index.col0], axis=-1).astype(float)
    chosen = torch.as_tensor(np.asarray(rois)[np.ix_(rows, where)])
    broken = patients.patient_id[~torch.isfinite(chosen).flatten(1).all(1).numpy()].tolist()
    _refuse(broken, RoiError, "have ROI intensities that are not finite", "Build the ROI cache again.")
    return RoiDataset(
        patient_ids=patients.patient_id.to_numpy(),
        enrolment=patients.enrolment.fillna("").to_numpy(),
        rois=chosen,
        crop_px=size.reshape(len(cached_ids), len(SEQUENCES), N_SLICES, 2)[np.ix_(rows, where)],
        grades=torch.tensor([list(GRADES).index(grade) for grade in patients.mvi_grade]),
        sequence_index=where,
        augment=augment or AugmentSettings(),
    )


def _check_patients(patients, cached_ids):
    twice = patients.patient_id[patients.patient_id.duplicated()].tolist()
    _refuse(twice, CohortError, "stand in two rows", "Keep one row per patient.")
    ungraded = patients.patient_id[~patients.mvi_grade.isin(GRADES)].tolist()
    _refuse(ungraded, CohortError, "have no MVI grade M0, M1 or M2", "Leave them out, and say how many.")
    missing = patients.patient_id[~patients.patient_id.isin(cached_ids)].tolist()
    _refuse(missing, RoiError, "have no ROIs in the cache", "Build the ROI cache for the whole cohort.")


def _sequence_index(sequences):
    names = [str(name) for name in SEQUENCES]
    wrong = [name for name in sequences if name not in names]
    if wrong or len(set(sequences)) < len(sequences) or not len(sequences):
        raise CohortError(
            f"sequences must name each of {', '.join(names)} at most once, got {', '.join(sequences) or 'none'}. "
            "Correct the list."
        )
    return tuple(names.index(name) for name in sequences)


def _refuse(patient_ids, error, problem, remedy):
    if patient_ids:
        more = ", ..." if len(patient_ids) > N_NAMED else ""
        named = ", ".join(patient_ids[:N_NAMED]) + more
        raise error(f"{len(patient_ids)} patient(s) {problem}: {named}. {remedy}")
