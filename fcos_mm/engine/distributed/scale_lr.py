"""Scale the learning rate linearly to the images of a step (arXiv:1706.02677)."""
from mmengine.dist import get_world_size

from fcos_mm.compat.optimizers import accumulative_counts


def scale_learning_rate(optim_wrapper, batch_size: int, base_batch_size: int) -> str:
    """Multiply the learning rate by the images of a step over those that it is for.

    A step has batches of ``batch_size`` images on each process, several where gradients are
    accumulated. Returns what was done, for the user.
    """
    processes, accumulated = get_world_size(), accumulative_counts(optim_wrapper)
    images = processes * batch_size * accumulated
    groups = optim_wrapper.optimizer.param_groups
    before = max(group['lr'] for group in groups)
    for group in groups:
        group['lr'] *= images / base_batch_size
    return (f'A step has {images} images: {processes} process(es) x {batch_size} images x '
            f'{accumulated} batch(es). The learning rate {before:g} is for {base_batch_size}; it '
            f'is now {before * images / base_batch_size:g}. With --resume that of the checkpoint '
            'holds.')
