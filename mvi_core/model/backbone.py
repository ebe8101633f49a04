"""What does one branch do with one slice: the stem, the two stages of bottlenecks, and how their weights start."""

from dataclasses import dataclass

from torch import nn
from torchvision.models.resnet import Bottleneck

from mvi_core.checks import expect_choice

STEM_KERNEL = 7  # px; paper, Methods, step 1: "one 64 7@7 convolution layer"
GROUPS = 8  # channel groups of the group-norm alternative
CLASSIFIER_SD = 0.01  # small first logits, so that the first loss is log(K)
INITIALISATIONS = ("he", "xavier", "zero_residual")
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
    input_channels : int
        Channels that receive the same slice; 3 as a colour network would.
    intensities : str
        Unit of the intensities: mean 0 and standard deviation 1 by ``"sequence"``, over the training patients, or
        by ``"slice"``.
    initialisation : str
        ``"he"`` (normal, fan out), ``"xavier"``, or ``"zero_residual"``: He's, a bottleneck starting as its shortcut.
    """

    width: int = 64
    blocks: tuple[int, int] = (6, 6)
    n_grades: int = 3
    stem_stride: int = 2
    stage_stride: int = 2
    normalisation: str = "batch"
    branch_statistics: str = "together"
    input_channels: int = 1
    intensities: str = "sequence"
    initialisation: str = "he"


def backbone(settings):
    """Layers that turn slices, (n, input_channels, H, W), into their features, (n, 8 * width)."""
    norm = NORMALISATIONS[expect_choice("normalisation", settings.normalisation, NORMALISATIONS)]
    width, channels = settings.width, settings.input_channels
    stem = nn.Conv2d(channels, width, STEM_KERNEL, stride=settings.stem_stride, padding=STEM_KERNEL // 2, bias=False)
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


def initialise(network, generator, initialisation):
    """Draw a network's weights anew, in place: convolutions as `NetworkSettings` names it, a small classifier."""
    expect_choice("initialisation", initialisation, INITIALISATIONS)
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and initialisation == "xavier":
            nn.init.xavier_normal_(module.weight, generator=generator)
        elif isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu", generator=generator)
        elif isinstance(module, Bottleneck) and initialisation == "zero_residual":
            nn.init.zeros_(module.bn3.weight)
    nn.init.normal_(network.classifier.weight, std=CLASSIFIER_SD, generator=generator)
    nn.init.zeros_(network.classifier.bias)
