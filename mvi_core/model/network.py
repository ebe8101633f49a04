"""What is the network: the paper's branches with shared weights, fused once for all slice combinations of a patient."""

from itertools import product

import torch
from torch import nn

from mvi_core.checks import expect_choice, expect_shape
from mvi_core.model.backbone import NetworkSettings, backbone, initialise

MOST_COMBINATIONS = 4096  # 3 slices of seven sequences, 729 of six, are listed; more are sampled, at the same cost


class MviNet(nn.Module):
    r"""Grade logits of a patient from one branch per sequence, all branches sharing their weights.

    A slice passes the 7x7 convolution, normalisation, max pooling, two stages of bottlenecks and average
    pooling, and leaves 512 features (paper, Methods, step 1). Features of the sequences are concatenated and
    enter one fully connected layer (steps 2 and 3). That layer is linear, so the logits of the combination
    :math:`(c_1, \dots, c_S)` are

    .. math:: z_{c_1 \dots c_S} = b + \sum_s W_s f_{s, c_s} ,

    and all combinations of a patient follow from one backbone pass per distinct slice.

    Parameters
    ----------
    n_sequences : int
        Branches, ``S``.
    roi_px : int
        Height and width of a ROI in pixels; 320 in the paper.
    settings : NetworkSettings
        Widths, depths and the choices that the text leaves open.
    generator : torch.Generator, optional
        Draws the initial weights; without it they keep the draw of torch's own generator.

    Notes
    -----
    Training-mode batch normalisation sees the same mean and variance as the plain loop over all combinations,
    because every slice stands in equally many of them. Only the running variance differs, by its
    sample-size correction ``n / (n - 1)``.
    """

    def __init__(self, n_sequences, roi_px, settings=None, *, generator=None):
        super().__init__()
        self.n_sequences, self.roi_px = n_sequences, roi_px
        self.settings = settings = settings or NetworkSettings()
        self.backbone = backbone(settings)
        self.classifier = nn.Linear(n_sequences * 8 * settings.width, settings.n_grades)
        self.register_buffer("roi_mean", torch.zeros(n_sequences))
        self.register_buffer("roi_sd", torch.ones(n_sequences))
        if generator is not None:
            initialise(self, generator, settings.initialisation)
        self.to(memory_format=torch.channels_last)

    def train(self, mode=True):
        """Switch to training, or to evaluation with ``False``, as every torch module; returns the network.

        On one CPU thread torch takes slow kernels for 1x1 convolutions of fewer than 16 images, unless they are
        dilated. Dilating a single pixel means nothing, and leaves a step of 16 images and more as it is, to the bit.
        """
        dilation = (2, 2) if mode and self.roi_mean.device.type == "cpu" else (1, 1)
        for module in self.backbone.modules():
            if isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1):
                module.dilation = dilation
        return super().train(mode)

    def set_intensity_scale(self, mean, sd):
        """Store the intensity mean and standard deviation of each sequence (S,), of training patients only.

        In the units of the ROIs; subtracted and divided at the start of every pass.
        """
        self.roi_mean.copy_(torch.as_tensor(mean))
        self.roi_sd.copy_(torch.as_tensor(sd))

    def features(self, rois):
        """Features of every slice, (B, S, N, F); ``F`` is 512 at the paper's width.

        ``rois`` (B, S, N, H, W) hold ``N`` slices of each sequence, intensities as cached; moved to the network's
        device if elsewhere.
        """
        expect_shape("rois", rois, ("B", self.n_sequences, "N", self.roi_px, self.roi_px))
        rois = self._scaled(rois.to(self.roi_mean))
        if self.settings.branch_statistics == "apart":
            return torch.cat([self._slices(rois[:, [s]]) for s in range(self.n_sequences)], dim=1)  # (B, S, N, F)
        return self._slices(rois)  # (B, S, N, F)

    def sequence_logits(self, features):
        """Share of each slice in the logits, (B, S, N, K), from features (B, S, N, F).

        Without the bias; the sum of one slice per sequence, plus the bias, are the logits of a combination.
        """
        weight = self.classifier.weight.unflatten(1, (self.n_sequences, -1))  # (K, S, F)
        return torch.einsum("bsnf,ksf->bsnk", features, weight)  # (B, S, N, K)

    def forward(self, rois, combinations=None):
        """Logits of slice combinations, (B, C, K), of ROIs (B, S, N, H, W).

        ``combinations`` (C, S) name the slice of each sequence; without them all ``N ** S`` in the order of
        `slice_combinations`, or, beyond `MOST_COMBINATIONS`, those of `choose_combinations` with seed 0. For the
        paper's inference pass the first slice only, ``rois[:, :, :1]``.
        """
        parts = self.sequence_logits(self.features(rois))  # (B, S, N, K)
        if combinations is None:
            combinations = choose_combinations(*parts.shape[1:3], seed=0)
        if combinations is None:
            return _all_combinations(parts) + self.classifier.bias  # (B, N**S, K)
        chosen = [parts[:, s, combinations[:, s]] for s in range(self.n_sequences)]  # S times (B, C, K)
        return torch.stack(chosen).sum(0) + self.classifier.bias  # (B, C, K)

    def _scaled(self, rois):
        if expect_choice("intensities", self.settings.intensities, ("sequence", "slice")) == "slice":
            sd, mean = torch.std_mean(rois, dim=(-2, -1), keepdim=True)  # (B, S, N, 1, 1)
            return (rois - mean) / sd.clamp_min(torch.finfo(sd.dtype).tiny)
        by_sequence = (1, -1, 1, 1, 1)
        return (rois - self.roi_mean.view(by_sequence)) / self.roi_sd.view(by_sequence)

    def _slices(self, rois):
        channels = self.settings.input_channels
        images = rois.flatten(0, 2).unsqueeze(1).expand(-1, channels, -1, -1)  # (B*S*N, channels, H, W)
        return self.backbone(images).unflatten(0, rois.shape[:3])  # (B, S, N, F)


def slice_combinations(n_sequences, n_slices=3):
    """Every choice of one slice per sequence, int64 (n_slices ** n_sequences, n_sequences).

    The last sequence changes fastest; the first row is the paper's inference choice.

    Examples
    --------
    >>> slice_combinations(2, 2).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> len(slice_combinations(3))
    27
    """
    return torch.tensor(list(product(range(n_slices), repeat=n_sequences)))


def choose_combinations(n_sequences, n_slices, *, seed):
    """Sample of slice combinations, (MOST_COMBINATIONS, n_sequences), where there are too many to list them; else None.

    Each slice stands in as many combinations as any other of its sequence (but for one, where the number does not
    divide), so that the mean over the sample is unbiased and no slice is left out. The first row is the paper's
    inference choice.

    Examples
    --------
    >>> choose_combinations(6, 3, seed=0)  # 729
    >>> choose_combinations(6, 5, seed=0).shape  # of 15,625
    torch.Size([4096, 6])
    """
    if n_slices**n_sequences <= MOST_COMBINATIONS:
        return None
    generator, evenly = torch.Generator().manual_seed(seed), torch.arange(MOST_COMBINATIONS) % n_slices
    columns = [evenly[torch.randperm(MOST_COMBINATIONS, generator=generator)] for _ in range(n_sequences)]
    return torch.stack([(column - column[0]) % n_slices for column in columns], dim=1)


def _all_combinations(parts):
    total = parts[:, 0]  # (B, N, K)
    for s in range(1, parts.shape[1]):
        total = (total[:, :, None] + parts[:, s, None]).flatten(1, 2)  # (B, N**(s+1), K)
    return total
