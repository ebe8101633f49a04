"""Where is the paper's text silent about the network, what did we choose, and what else can be had."""

import pandas as pd

# choice | ours | alternatives, by argument | why
_ROWS = (
    ("Input channels", "1, the slice itself", "fixed", "an MR slice has one channel; no colour weights are loaded"),
    ("Stride of the 7x7 convolution", "2", "NetworkSettings.stem_stride", "as in ResNet"),
    ("Max pooling", "3x3, stride 2", "fixed", "as in ResNet"),
    ("Stride between the two stages", "2", "NetworkSettings.stage_stride = 1", "as in ResNet"),
    ("Normalisation module", "batch", "NetworkSettings.normalisation = 'group'", "as in ResNet"),
    ("Batch statistics of the branches", "of all sequences together", "NetworkSettings.branch_statistics = 'apart'",
     "training and inference then normalise alike"),
    ("From feature map to 512 features", "mean over the map", "fixed", "the only parameter-free way to 512 numbers"),
    ("Fully connected layers", "one, linear", "fixed", "steps 2 and 3 speak of one; it makes combinations cheap"),
    ("First weights", "He, normal, fan out", "seed", "as in ResNet; the paper names no pre-training"),
    ("Optimiser", "AdamW", "TrainSettings.optimiser = 'sgd'", "robust to the choice of rate in small samples"),
    ("Weight decay", "0.01", "TrainSettings.weight_decay", "default of AdamW"),
    ("Learning rate", "0.003, a cycle", "TrainSettings.learning_rate, .schedule", "no rate tried was better"),
    ("Epochs", "14 in the book", "TrainSettings.epochs", "what the time budget of the book allows"),
    ("Patients a step", "8, each with all slices", "TrainSettings.batch_patients", "steadier statistics than one"),
    ("Loss", "mean cross-entropy over combinations", "fixed", "each carries the patient's grade (step 4)"),
    ("Class weights", "none", "fixed", "grades are not rare; probabilities stay calibrated to the prevalence"),
    ("Flips", "rows, columns, each 1 in 2", "AugmentSettings.flip_probability", "the lesion has no preferred side"),
    ("Scaling", "factor 0.9 to 1.1", "AugmentSettings.scale", "about the size change between neighbouring slices"),
    ("Gaussian noise", "sd up to 0.1 of the sequence's", "AugmentSettings.noise_sd", "below the noise of the images"),
    ("Margin while training", "5 to 10 px, each side by itself", "AugmentSettings.margin_px", "the stated range"),
    ("Margin at inference", "7.5 px", "AugmentSettings.plain_margin_px", "the middle of the stated range"),
    ("One draw for", "each slice of each sequence", "fixed", "the text speaks of ROIs, not patients"),
    ("Intensities", "mean 0, sd 1 by sequence, training patients", "MviNet.set_intensity_scale",
     "uses no test patient, and keeps what is bright bright"),
    ("Slice at inference", "first, as the paper; also the mean over combinations", "column scoring",
     "the paper says any would do; the difference is then a number"),
)  # fmt: skip
SILENT_CHOICES = tuple(dict(zip(("choice", "ours", "alternatives", "why"), row, strict=True)) for row in _ROWS)


def silent_choices():
    """Silent choices of the paper as a table.

    Returns
    -------
    pandas.DataFrame
        Columns ``choice``, ``ours``, ``alternatives`` (the argument that changes it) and ``why``.
    """
    return pd.DataFrame(SILENT_CHOICES)
