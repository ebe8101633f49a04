"""What can be wrong, by name: the exceptions and warnings that the package raises."""


class MviError(ValueError):
    """Base of every error about data, settings or files; its message says where, what and the remedy."""


class CohortError(MviError):
    """A patient table or cohort description breaks its format."""


class DicomError(MviError):
    """A DICOM file or series cannot be read rightly."""


class RoiError(MviError):
    """A lesion ROI does not fit its image."""


class SplitError(MviError):
    """A split is not by patient, or would let training data into an evaluation."""


class ManifestError(MviError):
    """A file is missing, or is not the file that the manifest records."""


class StaleResultError(MviError):
    """A result was made from other inputs than those present now."""


class PageError(MviError):
    """A page or one of its parameters is unknown, or the cohort cannot support the page."""


class MviWarning(UserWarning):
    """Base of every warning: the result is doubtful, not wrong."""


class SeparationWarning(MviWarning):
    """A predictor separates the outcome completely or nearly so; maximum likelihood is not finite."""


class ConvergenceError(MviError):
    """An iterative fit did not reach its tolerance."""
