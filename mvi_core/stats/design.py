"""Can a regression use these predictors: are they numbers, complete, varying, and none the sum of others."""

import numpy as np
import pandas as pd

from mvi_core.checks import binary, both_classes, same_length
from mvi_core.errors import MviError
from mvi_core.stats.estimate import same_patients

LARGEST = 1e150  # its square is still a number; SPSS writes -1.8e308 for a missing value


def numbers(predictors):
    """Predictors as a float frame with text names, missing values kept as NaN; no text, infinity or repeated name.

    Examples
    --------
    >>> numbers(pd.DataFrame({"afp": [True, False]}))["afp"].tolist()
    [1.0, 0.0]
    """
    if predictors.shape[1] == 0 or not predictors.columns.is_unique:
        raise MviError(
            f"predictors need columns with distinct names, got {list(predictors)}. Name each predictor once."
        )
    try:
        frame = pd.DataFrame({str(name): column.astype("Float64") for name, column in predictors.items()}).astype(float)
    except (TypeError, ValueError) as problem:
        raise MviError(f"predictors must be numbers ({problem}). Code groups as 0/1 columns first.") from problem
    infinite = [name for name in frame if (frame[name].abs() > LARGEST).any()]
    if infinite:
        raise MviError(f"predictors must be finite, got infinity in {infinite[0]}. Correct it or mark it missing.")
    return frame


def complete_design(predictors):
    """Complete rows of the predictors as a float frame, and which patients those are, (n_patients,).

    Refuses what no regression can use: too few complete patients, a constant, a combination of others.

    Examples
    --------
    >>> frame, known = complete_design(pd.DataFrame({"afp": [0, 1, None, 1]}))
    >>> len(frame), known.tolist()
    (3, [True, True, False, True])
    """
    frame = numbers(predictors)
    known = frame.notna().all(axis=1).to_numpy()
    frame = frame[known]
    if len(frame) < frame.shape[1] + 2:
        raise MviError(
            f"Only {len(frame)} of {len(known)} patients are complete, too few for {frame.shape[1]} predictor(s). "
            "Use fewer predictors, or impute."
        )
    constant = [name for name in frame if frame[name].nunique() == 1]
    if constant:
        raise MviError(
            f"{', '.join(constant)} is constant ({frame[constant[0]].iloc[0]:g}) in all {len(frame)} complete "
            "patients, so it has no effect to estimate. Leave it out."
        )
    scaled = ((frame - frame.mean()) / frame.std()).to_numpy()
    remainder = np.abs(np.diag(np.linalg.qr(scaled, mode="r"))) / np.sqrt(len(frame))
    repeated = [name for name, left in zip(frame, remainder, strict=True) if left < 1e-6]
    if repeated:
        raise MviError(f"{', '.join(repeated)} is a linear combination of the predictors before it. Leave it out.")
    return frame, known


def complete_outcome(predictors, **named):
    """Complete rows of the predictors as `complete_design`, with the patients' 0/1 outcomes, given by name.

    Examples
    --------
    >>> frame, y = complete_outcome(pd.DataFrame({"afp": [0, 1, None, 1]}), mvi_present=[0, 1, 1, 1])
    >>> frame["afp"].tolist(), y.tolist()
    ([0.0, 1.0, 1.0], [0, 1, 1])
    """
    [(name, given)] = named.items()
    outcome = binary(name, given)
    same_length(predictors=predictors, **{name: outcome})
    frame, known = complete_design(predictors)
    same_patients(predictors=predictors.iloc[:, 0], **{name: given})
    both_classes(name, outcome[known])
    return frame, outcome[known]
