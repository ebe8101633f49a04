"""What does the network look at: integrated gradients of its log-odds, and a twin with new weights as the check."""

import copy

import torch
from torch import nn

from mvi_core.model.backbone import initialise
from mvi_core.model.machine import reproducible


def log_odds(network, rois):
    """Log-odds of MVI, log P(M1 or M2) - log P(M0), (B,), from the first slice of each sequence, as in the paper.

    ``rois`` has shape (B, S, N, H, W); the network is in evaluation mode.
    """
    logits = network(rois[:, :, :1])[:, 0]  # (B, K)
    return torch.logsumexp(logits[:, 1:], dim=1) - logits[:, 0]  # (B,)


def integrated_gradients(network, rois, *, n_steps=12):
    r"""Share of each pixel in the log-odds of MVI, against a blank image of the sequence's mean intensity.

    With baseline :math:`x'`, :math:`a = (x - x') \odot \int_0^1 \nabla f(x' + t(x - x'))\,dt`, by the midpoint rule
    (Sundararajan, Taly and Yan 2017, https://proceedings.mlr.press/v70/sundararajan17a.html). The shares of a patient
    sum to :math:`f(x) - f(x')`, up to the error of the rule.

    The network is in evaluation mode; of ``rois`` (B, S, N, H, W) only the first slices count. Shares (B, S, H, W),
    positive where the pixel speaks for MVI, and the error of the rule (B,): their sum less the change of the log-odds.
    """
    with reproducible():
        rois = rois[:, :, :1].to(network.roi_mean.dtype)
        blank = network.roi_mean.view(1, -1, 1, 1, 1).expand_as(rois)
        slope = torch.zeros_like(rois)
        for step in range(n_steps):
            between = (blank + (step + 0.5) / n_steps * (rois - blank)).requires_grad_()
            slope += torch.autograd.grad(log_odds(network, between).sum(), between)[0] / n_steps
        shares = (rois - blank) * slope
        with torch.no_grad():
            gap = shares.sum((1, 2, 3, 4)) - (log_odds(network, rois) - log_odds(network, blank))
    return shares[:, :, 0], gap


def randomised(network, roi_batches, *, seed):
    """Twin of a network with all weights drawn anew, its batch statistics taken from batches of training patients.

    A map that shows what the network has learned must not survive this (Adebayo et al. 2018, Sanity checks for saliency
    maps, arXiv:1810.03292). The twin is in evaluation mode; the network itself is not changed.
    """
    twin = copy.deepcopy(network)
    for module in twin.modules():
        if isinstance(module, nn.BatchNorm2d | nn.GroupNorm):
            module.reset_parameters()  # running statistics too
            module.momentum = None  # plain mean over the batches
    initialise(twin, torch.Generator().manual_seed(seed), network.settings.initialisation)
    with reproducible(), torch.no_grad():
        twin.train()
        for rois in roi_batches:
            twin(rois)
    return twin.eval()
