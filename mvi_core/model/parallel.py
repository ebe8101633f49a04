"""How do several processes train one network as one would: patients divided, sums over all, one that writes."""

import os
from contextlib import contextmanager

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from mvi_core.errors import MviError


@contextmanager
def processes(device):
    """Join the processes that ``torchrun`` started, on one machine or several; alone where it started none.

    Yields True in the one process that writes files and tells progress.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield True
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield distributed.get_rank() == 0
        distributed.barrier()
    finally:
        distributed.destroy_process_group()


def share():
    """Tell the number of this process, from 0, and how many there are."""
    return (distributed.get_rank(), distributed.get_world_size()) if distributed.is_initialized() else (0, 1)


def spread(network):
    """Network that averages gradients over the processes, its batch statistics made those of all patients, in place."""
    if share()[1] == 1:
        return network
    for module in network.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = _SynchronisedBatchNorm  # the same weights, which the optimiser holds already
    return DistributedDataParallel(network, forward_sync_buffers=False)


def mean_over_processes(loss, weight):
    """Weighted mean of the processes' losses: what to call ``backward`` on, and its value.

    A process weighs as its patients do. Gradients are averaged afterwards, therefore the first is scaled up.
    """
    n_processes = share()[1]
    if n_processes == 1:
        return loss, loss.detach()
    part = loss * weight / _sum(weight.to(loss))
    return part * n_processes, _sum(part.detach())


def expect_same(name, value):
    """Refuse to go on where the processes do not agree on a whole number."""
    rank, n_processes = share()
    total = _sum(torch.tensor(float(value), device=_device())) if n_processes > 1 else value
    if total != value * n_processes:
        raise MviError(
            f"{name} must be the same in all {n_processes} processes, got {value} in number {rank}. Give them one "
            "shared results folder."
        )


class _Total(torch.autograd.Function):
    """Sum over the processes, and of the gradients that come back to it."""

    @staticmethod
    def forward(ctx, value):
        return _sum(value)

    @staticmethod
    def backward(ctx, gradient):
        return _sum(gradient)


class _SynchronisedBatchNorm(nn.BatchNorm2d):
    """Batch normalisation over the slices of all processes; torch's own refuses the CPU."""

    def forward(self, images):
        if not self.training:
            return super().forward(images)
        axes, column = (0, 2, 3), (1, -1, 1, 1)
        n = _sum(images.new_tensor(images.numel() / images.shape[1]))
        mean = _Total.apply(images.sum(axes)) / n  # (C,)
        centred = images - mean.view(column)
        variance = _Total.apply(centred.square().sum(axes)) / n  # (C,)
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * n / (n - 1), self.momentum)
        slope = self.weight * (variance + self.eps).rsqrt()
        return centred * slope.view(column) + self.bias.view(column)


def _sum(value):
    total = value.clone()
    distributed.all_reduce(total)
    return total


def _device():
    return torch.device("cuda", torch.cuda.current_device()) if distributed.get_backend() == "nccl" else "cpu"
