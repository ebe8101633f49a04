"""From DICOM files and lesion boxes to the images that a network receives."""
