"""What does one branch do with one slice: the stem, the two stages of bottlenecks, and how their weights start."""

from dataclasses import dataclass

from torch import nn
from torchvision.models.resnet import Bottleneck

from mvi_core.errors import MviError

STEM_KERNEL = 7  # px; paper, Methods, step 1: "one 64 7@7 convolution layer"
GROUPS = 8  # channel groups of the group-norm alternative
CLASSIFIER_SD = 0.01  # small first logits, so that the first loss is log(K)
NORMALISATIONS = {"batch": nn.BatchNorm2d, "group": lambda channels: nn.GroupNorm(GROUPS, channels)}


@dataclass(frozen=True)
class NetworkSettings:
    """Shape of the network; the defaults are the paper's, or our choice where `choices.SILENT_CHOICES` says so.

    Parameters
    ----------
    width : int
        Channels of the stem and of the first stage's 3x3 convolutions; features of one sequence are ``8 * width``.
    blocks : tuple of int
        Bottlenecks of width ``width``, and of width ``2 * width``.
    n_grades : int
        Classes of the softmax.
    stem_stride, stage_stride : int
        Stride of the 7x7 convolution, and of the first bottleneck of the second stage.
    normalisation : str
        ``"batch"`` or ``"group"``.
    branch_statistics : str
        ``"together"``: one call for the slices of all sequences; ``"apart"``: one call per sequence, each
        normalised by itself while training.
    """

    width: int = 64
    blocks: tuple[int, int] = (6, 6)
    n_grades: int = 3
    stem_stride: int = 2
    stage_stride: int = 2
    normalisation: str = "batch"
    branch_statistics: str = "together"


def backbone(settings):
    """Layers that turn a slice into its features.

    Parameters
    ----------
    settings : NetworkSettings

    Returns
    -------
    torch.nn.Sequential
        From (n, 1, H, W) to (n, 8 * width).

    Raises
    ------
    MviError
        If the normalisation is unknown.
    """
    if settings.normalisation not in NORMALISATIONS:
        raise MviError(
            f"normalisation must be one of {', '.join(NORMALISATIONS)}, got {settings.normalisation}. Correct it."
        )
    norm, width = NORMALISATIONS[settings.normalisation], settings.width
    stem = nn.Conv2d(1, width, STEM_KERNEL, stride=settings.stem_stride, padding=STEM_KERNEL // 2, bias=False)
    first = _stage(width, width, settings.blocks[0], 1, norm)
    second = _stage(4 * width, 2 * width, settings.blocks[1], settings.stage_stride, norm)
    pool = nn.MaxPool2d(3, stride=2, padding=1)
    return nn.Sequential(
        stem, norm(width), nn.ReLU(inplace=True), pool, *first, *second, nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )


def _stage(channels, width, n_blocks, stride, norm):
    out = Bottleneck.expansion * width
    shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, stride=stride, bias=False), norm(out))
    first = Bottleneck(channels, width, stride, shortcut, norm_layer=norm)
    return [first, *(Bottleneck(out, width, norm_layer=norm) for _ in range(n_blocks - 1))]


def initialise(network, generator):
    """Draw the weights of a network anew, in place: He's normal draw for convolutions, small ones for the classifier.

    Parameters
    ----------
    network : torch.nn.Module
        With its fully connected layer as ``classifier``.
    generator : torch.Generator
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu", generator=generator)
    nn.init.normal_(network.classifier.weight, std=CLASSIFIER_SD, generator=generator)
    nn.init.zeros_(network.classifier.bias)
