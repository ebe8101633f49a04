"""What shape has a slice after each part of the network, read off the network itself."""

import copy

import torch
from torch import nn
from torchvision.models.resnet import Bottleneck


def layer_shapes(network):
    """Parts of the network with the shape that leaves each, without the batch axis, input first.

    The parts up to the pooling stand once for each branch, which share them; consecutive bottlenecks of one width are
    one part.

    Examples
    --------
    >>> from mvi_core.model.network import MviNet
    >>> layer_shapes(MviNet(3, 320))[-3:]
    [('mean over the map', (512,)), ('concatenation', (1536,)), ('fully connected', (3,))]
    """
    twin = copy.deepcopy(network).to("meta").eval()  # shapes without arithmetic
    image = torch.empty(1, 1, network.roi_px, network.roi_px, device="meta")
    parts = [("slice", tuple(image.shape[1:]))]
    for layer in twin.backbone:
        image = layer(image)
        name, shape = _name(layer), tuple(image.shape[1:])
        if parts[-1][0].endswith(name) and isinstance(layer, Bottleneck):
            count = int(parts[-1][0].split()[0]) + 1
            parts[-1] = (f"{count} {name}", shape)
        elif name:
            parts.append((f"1 {name}" if isinstance(layer, Bottleneck) else name, shape))
    fused = network.classifier.in_features
    return [*parts, ("concatenation", (fused,)), ("fully connected", (network.classifier.out_features,))]


def count_parameters(network):
    """Count the numbers that training can change."""
    return sum(parameter.numel() for parameter in network.parameters())


def _name(layer):
    if isinstance(layer, nn.Conv2d):
        return "{}x{} convolution".format(*layer.kernel_size)
    if isinstance(layer, Bottleneck):
        return f"bottlenecks, width {layer.conv2.out_channels}"
    return {nn.MaxPool2d: "max pooling", nn.AdaptiveAvgPool2d: "", nn.Flatten: "mean over the map"}.get(type(layer), "")
