"""What does each frame of an enhanced multi-frame file hold: its attributes as a classic single-frame file has them."""

from pydicom.dataset import Dataset

from mvi_core.dataset.dicom_header import numbers
from mvi_core.errors import DicomError

MAX_FRAMES = 20_000
# Functional groups whose attributes a classic file has at its top level (PS3.3 C.7.6.16.2 and C.8.13.5).
GROUPS = (
    "PixelMeasuresSequence", "PlanePositionSequence", "PlaneOrientationSequence", "PixelValueTransformationSequence",
    "FrameContentSequence", "MRImageFrameTypeSequence", "MREchoSequence", "MRTimingAndRelatedParametersSequence",
    "MRAveragesSequence", "MRModifierSequence", "MRDiffusionSequence", "CardiacSynchronizationSequence",
)  # fmt: skip
CLASSIC = {  # keyword in a functional group: its name in a classic file
    "EffectiveEchoTime": "EchoTime", "FrameType": "ImageType", "FrameAcquisitionNumber": "AcquisitionNumber",
    "TemporalPositionIndex": "TemporalPositionIdentifier", "FrameAcquisitionDateTime": "AcquisitionDateTime",
    "NominalCardiacTriggerDelayTime": "TriggerTime",
}  # fmt: skip
SHARED_GROUPS, FRAME_GROUPS, PIXELS = 0x52009229, 0x52009230, 0x7FE00010  # tags left out of a frame


def n_frames(data, label):
    """Count the frames of a dataset; a `DicomError` if the number is no number."""
    return int(numbers(data, label, "NumberOfFrames", 1, 1)[0])


def is_enhanced(data):
    """Tell whether a dataset holds its geometry frame by frame."""
    return "PerFrameFunctionalGroupsSequence" in data


def classic_frames(data, label, frames=None):
    """Datasets of single frames, as classic files of the same frames would hold them, without PixelData.

    Parameters
    ----------
    data : pydicom.Dataset
        Of a classic file, which is its own only frame, or of an enhanced multi-frame one; pixels are not needed.
    label : str
        File, for messages.
    frames : sequence of int, optional
        Numbers of the wanted frames, from 1; all of them by default.

    Returns
    -------
    list of pydicom.Dataset

    Raises
    ------
    DicomError
        If it is multi-frame without functional groups, its number of frames contradicts them, or a wanted frame is not
        there.
    """
    count = n_frames(data, label)
    if not 1 <= count <= MAX_FRAMES:
        raise DicomError(f"{label} has {count} frames, expected 1 to {MAX_FRAMES}. Export it again.")
    wanted = range(1, count + 1) if frames is None else frames
    if absent := [number for number in wanted if not 1 <= number <= count]:
        raise DicomError(f"{label} has {count} frames, and frame {absent[0]} is not there. Scan it again.")
    if not is_enhanced(data):
        if count > 1:
            raise DicomError(f"{label} is multi-frame without a geometry for each frame. Export single-frame MR files.")
        return [data]
    try:
        shared, own = ((data[tag].value or []) if tag in data else [] for tag in (SHARED_GROUPS, FRAME_GROUPS))
        if len(own) != count:
            found = f"{label} has {count} frames and attributes for {len(own)}"
            raise DicomError(f"{found} (PerFrameFunctionalGroupsSequence). Export it again.")
        left_out = (SHARED_GROUPS, FRAME_GROUPS, PIXELS)
        common = Dataset({tag: element for tag, element in data._dict.items() if tag not in left_out})
        for group in shared[:1]:
            _lift(common, group)
        return [_lift(Dataset(common._dict.copy()), own[number - 1]) for number in wanted]
    except DicomError:
        raise
    except Exception as problem:  # nested elements are parsed here, and can be malformed in any way
        raise DicomError(f"{label}: its functional groups are malformed. Export it again.") from problem


def _lift(frame, groups):
    for name in GROUPS:
        for item in (groups.get(name) or [])[:1]:
            for element in item:
                if element.keyword:
                    keyword = CLASSIC.get(element.keyword, element.keyword)
                    setattr(frame, keyword, element.value)
    return frame
