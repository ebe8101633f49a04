"""Is one pass per slice the same as one per slice combination: both ways on the same patients, side by side."""

import copy

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mvi_core.model.network import slice_combinations
from mvi_core.model.training import combination_loss


def sharing_differences(network, rois, grades):
    """Compare loss, gradient, batch statistics and arithmetic of the two ways to train on all slice combinations.

    The network and ``rois`` (B, S, N, H, W) are in double precision, ``grades`` (B,); nothing is changed. ``loss`` and
    ``gradient``: relative differences; ``variance_low``, ``variance_high``: what the pass adds to the running
    variances, shared over plain (1 up to the sample-size correction n / (n - 1)); ``arithmetic``: floating-point
    operations, plain over shared.
    """
    shared, plain = (copy.deepcopy(network).train() for _ in range(2))
    pick = slice_combinations(*rois.shape[1:3])
    repeated = torch.stack([rois[:, s, pick[:, s]] for s in range(rois.shape[1])], dim=1)  # (B, S, N**S, H, W)
    with FlopCounterMode(display=False) as flops_plain:
        parts = plain.sequence_logits(plain.features(repeated))  # (B, S, N**S, K)
        loss_plain = combination_loss(parts.sum(1) + plain.classifier.bias, grades)
        loss_plain.backward()
    with FlopCounterMode(display=False) as flops_shared:
        loss_shared = combination_loss(shared(rois), grades)
        loss_shared.backward()
    slope_plain, slope_shared = (torch.cat([p.grad.flatten() for p in each.parameters()]) for each in (plain, shared))
    ratio = _added_variance(shared, network) / _added_variance(plain, network)
    return {
        "loss": abs(loss_shared.item() / loss_plain.item() - 1),
        "gradient": float(torch.linalg.norm(slope_shared - slope_plain) / torch.linalg.norm(slope_plain)),
        "variance_low": float(ratio.min()),
        "variance_high": float(ratio.max()),
        "arithmetic": flops_plain.get_total_flops() / flops_shared.get_total_flops(),
    }


def _added_variance(trained, before):
    """Variance that one pass added to each running variance."""
    pairs = zip(trained.modules(), before.modules(), strict=True)
    norms = [(new, old) for new, old in pairs if isinstance(new, nn.BatchNorm2d)]
    kept = [(1 - new.momentum) ** int(new.num_batches_tracked - old.num_batches_tracked) for new, old in norms]
    return torch.cat([new.running_var - share * old.running_var for (new, old), share in zip(norms, kept, strict=True)])
