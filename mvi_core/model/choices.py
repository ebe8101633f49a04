"""Where is the paper's text silent about the network, what did we choose, and which settings change it."""

import json

import pandas as pd

# choice | ours | setting = alternative | another alternative | why
_ROWS = (
    ("Input channels", "1, the slice itself", "network.input_channels = 3",
     "an MR slice has one channel; no colour weights are loaded"),
    ("Stride of the 7x7 convolution", "2", "network.stem_stride = 1", "as in ResNet"),
    ("Max pooling", "3x3, stride 2", "", "as in ResNet"),
    ("Stride between the two stages", "2", "network.stage_stride = 1", "as in ResNet"),
    ("Normalisation module", "batch", 'network.normalisation = "group"', "as in ResNet"),
    ("Batch statistics of the branches", "of all sequences together", 'network.branch_statistics = "apart"',
     "training and inference then normalise alike"),
    ("From feature map to 512 features", "mean over the map", "", "the only parameter-free way to 512 numbers"),
    ("Fully connected layers", "one, linear", "", "steps 2 and 3 speak of one; it makes combinations cheap"),
    ("First weights", "He, normal, fan out", 'network.initialisation = "xavier" | "zero_residual"',
     "as in ResNet; the paper names no pre-training"),
    ("Optimiser", "AdamW", 'training.optimiser = "sgd"', "robust to the choice of rate in small samples"),
    ("Weight decay", "0.01", "training.weight_decay = 0.0 | 0.1", "default of AdamW"),
    ("Learning rate", "0.003 at most", "training.learning_rate = 0.001 | 0.01", "no rate tried was better"),
    ("Schedule of the rate", "one cycle", 'training.schedule = "cosine" | "constant"', "starts gently"),
    ("Epochs", "14 in the book", "training.epochs = 7 | 28", "what the time budget of the book allows"),
    ("Patients a step", "8, each with all slices", "training.batch_patients = 1 | 16",
     "steadier statistics than one"),
    ("Loss", "mean cross-entropy over combinations", "", "each carries the patient's grade (step 4)"),
    ("Class weights", "none", 'training.class_weights = "balanced"', "probabilities stay true to the prevalence"),
    ("Patients of an epoch", "each once", 'training.sampling = "balanced"',
     "probabilities stay true to the prevalence"),
    ("Flips", "rows, columns, each 1 in 2", "augment.flip_probability = 0.0", "the lesion has no preferred side"),
    ("Scaling", "factor 0.9 to 1.1", "augment.scale = [1.0, 1.0] | [0.75, 1.25]",
     "about the size change between neighbouring slices"),
    ("Gaussian noise", "sd up to 0.1 of the sequence's", "augment.noise_sd = 0.0 | 0.3",
     "below the noise of the images"),
    ("Margin while training", "5 to 10 px, each side by itself", "augment.margin_px = [7, 8]", "the stated range"),
    ("Margin at inference", "7.5 px", "augment.plain_margin_px = 5.0 | 10.0", "the middle of the stated range"),
    ("One draw for", "each slice of each sequence", "", "the text speaks of ROIs, not patients"),
    ("Intensities", "mean 0, sd 1 by sequence, training patients", 'network.intensities = "slice"',
     "uses no test patient, and keeps what is bright bright"),
    ("Slice at inference", "first, as the paper; also the mean over combinations", "",
     "both are shown, so that the difference is a number"),
)  # fmt: skip
SILENT_CHOICES = tuple(dict(zip(("choice", "ours", "alternatives", "why"), row, strict=True)) for row in _ROWS)


def silent_choices():
    """Silent choices of the paper as a table.

    Returns
    -------
    pandas.DataFrame
        Columns ``choice``, ``ours``, ``alternatives`` (setting and values that change it; ``fixed`` where there is
        none) and ``why``.
    """
    return pd.DataFrame(SILENT_CHOICES).replace({"alternatives": {"": "fixed"}})


def variants():
    """Alternatives one at a time, as overrides of the study's settings.

    Returns
    -------
    list of tuple (str, dict)
        Choice, and the setting by its path with the other value, as `study.overridden` takes it.

    Examples
    --------
    >>> variants()[:2]
    [('Input channels', {'network.input_channels': 3}), ('Stride of the 7x7 convolution', {'network.stem_stride': 1})]
    """
    changeable = [(row["choice"], *row["alternatives"].split(" = ")) for row in SILENT_CHOICES if row["alternatives"]]
    return [(choice, {key: json.loads(value)}) for choice, key, values in changeable for value in values.split(" | ")]
