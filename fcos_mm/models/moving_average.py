"""A moving average of the number of positives, by which losses are divided."""
import torch
from torch import Tensor, nn


class MovingAverage(nn.Module):
    """momentum x average + (1 - momentum) x value, kept in checkpoints as ``average``.

    Args:
        momentum: From 0, only the current value, to less than 1.
        initial: The average before the first value.

    Raises:
        ValueError: If a number is out of range.
    """

    def __init__(self, *, momentum: float = 0.9, initial: float = 100.) -> None:
        super().__init__()
        if not 0 <= momentum < 1:
            raise ValueError(f'momentum must be from 0 to less than 1, got {momentum!r}')
        if not initial > 0:
            raise ValueError(f'initial must be positive, got {initial!r}')
        self.momentum = momentum
        self.register_buffer('average', torch.tensor(float(initial)))

    @torch.no_grad()
    def forward(self, value: Tensor) -> Tensor:
        """Return the average with this value in training, without it in evaluation mode."""
        if not self.training:
            return self.average.clone()
        updated = self.momentum * self.average + (1 - self.momentum) * value
        self.average.copy_(updated)
        return updated
