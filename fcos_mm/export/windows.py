"""Swin's attention in windows, in a form that torch's exporter can follow for any size."""
import torch
import torch.nn.functional as F
from mmdet.models.backbones.swin import ShiftWindowMSA
from torch import Tensor, nn


def use_sized_windows(module: nn.Module) -> None:
    """Replace the window attentions at any depth of a module, in place."""
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if isinstance(child, ShiftWindowMSA):
                setattr(parent, name, SizedWindowMSA(child))


class SizedWindowMSA(nn.Module):
    """``ShiftWindowMSA`` for inference, as a function of symbolic sizes.

    mmdet's computes the batch size as a float and asks whether there is padding; both become those
    of the example in a graph.

    Args:
        attention: The module of mmdet, whose weights are shared.
    """

    def __init__(self, attention: ShiftWindowMSA) -> None:
        super().__init__()
        self.w_msa = attention.w_msa
        self.side, self.shift = attention.window_size, attention.shift_size

    def forward(self, query: Tensor, hw_shape: tuple[int, int]) -> Tensor:
        """Attend within windows.

        Args:
            query: (B, H * W, C).
            hw_shape: H and W.
        """
        side, (height, width) = self.side, hw_shape
        rows, columns = ((size + side - 1) // side for size in hw_shape)
        images = query.unflatten(1, (height, width))
        images = F.pad(images, (0, 0, 0, columns * side - width, 0, rows * side - height))
        if self.shift:
            images = images.roll((-self.shift, -self.shift), dims=(1, 2))
        windows = images.unflatten(2, (columns, side)).unflatten(1, (rows, side))
        windows = windows.transpose(2, 3).flatten(3, 4)  # (B, rows, columns, side * side, C)
        mask = self._mask(rows, columns, query.device) if self.shift else None
        found = self.w_msa(windows.flatten(0, 2), mask)
        found = found.unflatten(1, (side, side)).unflatten(0, (-1, rows, columns))
        images = found.transpose(2, 3).flatten(3, 4).flatten(1, 2)
        if self.shift:
            images = images.roll((self.shift, self.shift), dims=(1, 2))
        return images[:, :height, :width].flatten(1, 2)

    def _mask(self, rows: int, columns: int, device: torch.device) -> Tensor:
        """(rows * columns, side * side, side * side): -100 between places that were not near."""
        parts = []
        for windows in (rows, columns):
            place = torch.arange(windows * self.side, device=device)
            first = (windows - 1) * self.side
            parts.append((place >= first).long() + (place >= first + self.side - self.shift))
        regions = 3 * parts[0][:, None] + parts[1]
        regions = regions.unflatten(1, (columns, self.side)).unflatten(0, (rows, self.side))
        regions = regions.transpose(1, 2).flatten(2, 3).flatten(0, 1)
        return -100. * (regions[:, None] != regions[:, :, None])
