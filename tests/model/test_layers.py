"""Are the shapes of the figure those of the network?"""

from mvi_core.model.backbone import NetworkSettings
from mvi_core.model.layers import count_parameters, layer_shapes
from mvi_core.model.network import MviNet


def test_the_papers_network_has_the_stated_parts_and_512_features():
    assert layer_shapes(MviNet(3, 320)) == [
        ("slice", (1, 320, 320)),
        ("7x7 convolution", (64, 160, 160)),
        ("max pooling", (64, 80, 80)),
        ("6 bottlenecks, width 64", (256, 80, 80)),
        ("6 bottlenecks, width 128", (512, 40, 40)),
        ("mean over the map", (512,)),
        ("concatenation", (1536,)),
        ("fully connected", (3,)),
    ]


def test_parameters_are_counted_by_hand():
    """Stem 49*64 + 2*64; a bottleneck from c to width w: c*w + 9*w*w + w*4w and 2*(w + w + 4w) of normalisation; a
    shortcut c*4w + 2*4w; classifier 3*1536 + 3.
    """

    def block(channels, width, shortcut=False):
        plain = channels * width + 9 * width**2 + 4 * width**2 + 12 * width
        return plain + (channels * 4 * width + 8 * width if shortcut else 0)

    first = block(64, 64, shortcut=True) + 5 * block(256, 64)
    second = block(256, 128, shortcut=True) + 5 * block(512, 128)
    assert count_parameters(MviNet(3, 320)) == 49 * 64 + 128 + first + second + 3 * 1536 + 3


def test_a_small_network_reports_its_own_shapes():
    shapes = dict(layer_shapes(MviNet(2, 32, NetworkSettings(width=8, blocks=(1, 2)))))
    assert shapes["1 bottlenecks, width 8"] == (32, 8, 8)
    assert shapes["2 bottlenecks, width 16"] == (64, 4, 4)
    assert shapes["concatenation"] == (128,)
