"""RoI align: mean or maximum of features over sample points (He et al., arXiv 1703.06870)."""
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from fcos_mm.compat.ops.common import at_least_float, full_precision, gradients, torchvision_ops
from fcos_mm.compat.ops.portions import portions
from fcos_mm.compat.ops.sampling import Cells, around, repeat_border, weighted_sums

# Sample points at a time, which bounds the memory: about 200 bytes a point.
POINTS_AT_ONCE = 1 << 20
# Numbers at a time for the maximum (32 MB in single precision).
NUMBERS_AT_ONCE = 1 << 23

MAXIMUM = 0  # mmcv's number for the mode


class Points(NamedTuple):
    """Sample points (S,) of some bins: row and column in cells, and image; their number by bin."""

    y: Tensor
    x: Tensor
    image: Tensor
    counts: Tensor


class RoIAlign(NamedTuple):
    """How regions are sampled; the arguments of mmcv's operator.

    Attributes:
        aligned_height, aligned_width: Bins of a region.
        spatial_scale: Cells per pixel.
        sampling_ratio: Points of a bin along each axis; 0 for about one a cell.
        aligned: Whether pixel centres lie at half coordinates. If not, regions are at least one
            cell large.
    """

    aligned_height: int
    aligned_width: int
    spatial_scale: float
    sampling_ratio: int
    aligned: bool

    def average(self, input: Tensor, rois: Tensor) -> Tensor:
        """(R, C, bins along y, bins along x) means of the samples.

        Args:
            input: (B, C, H, W).
            rois: (R, 5) image of the batch, x0, y0, x1, y1 in pixels.
        """
        vision = torchvision_ops(input.device.type)
        if vision is not None:
            return vision.roi_align(input, rois, self[:2], *self[2:])
        features, bins = _rows(input), []
        for portion in self._portions(rois, POINTS_AT_ONCE):
            points = self._points(rois[portion])
            starts = 4 * (points.counts.cumsum(0) - points.counts)
            sums = weighted_sums(features, _cells(points, input), starts)
            bins.append(sums / points.counts.clamp(min=1)[:, None])
        return self._maps(torch.cat(bins))

    def maximum(self, input: Tensor, rois: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The largest samples, and their rows and columns in cells, as :meth:`average`.

        Bins without a sample get 0, and -1 as row and column.
        """
        features, found = _rows(input), []
        for portion in self._portions(rois, NUMBERS_AT_ONCE // input.shape[1]):
            points = self._points(rois[portion])
            starts = torch.arange(0, 4 * len(points.y), 4, device=input.device)
            samples = weighted_sums(features, _cells(points, input), starts)
            found.append(_largest(samples, points))
        return tuple(self._maps(torch.cat(part)) for part in zip(*found, strict=True))

    def _portions(self, rois: Tensor, limit: int) -> list[slice]:
        """Runs of regions with about ``limit`` points."""
        grid = self._geometry(rois)[2]
        counts = grid.prod(1) * self.aligned_height * self.aligned_width
        return portions(counts.detach().cpu().numpy(), limit)

    def _geometry(self, rois: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Start, bin size and points of a bin, each (R, 2) along y and x."""
        corners = rois[:, [2, 1, 4, 3]] * self.spatial_scale - (0.5 if self.aligned else 0.0)
        start, end = corners.split(2, dim=1)
        size = end - start if self.aligned else (end - start).clamp(min=1)
        bin_size = size / size.new_tensor(self[:2])
        if self.sampling_ratio > 0:
            return start, bin_size, torch.full_like(start, self.sampling_ratio, dtype=torch.long)
        return start, bin_size, bin_size.ceil().clamp(min=0).long()

    def _points(self, rois: Tensor) -> Points:
        start, bin_size, grid = self._geometry(rois)
        bins = self.aligned_height * self.aligned_width
        counts = grid.prod(1).repeat_interleave(bins)
        owner, place = _expand(counts)
        roi, bin_ = owner // bins, owner % bins
        grid = grid[roi]
        cell = torch.stack([bin_ // self.aligned_width, bin_ % self.aligned_width], dim=1)
        step = torch.stack([place // grid[:, 1], place % grid[:, 1]], dim=1)
        bin_size = bin_size[roi]
        point = start[roi] + cell * bin_size + (step + 0.5) * bin_size / grid
        return Points(point[:, 0], point[:, 1], rois[roi, 0].long(), counts)

    def _maps(self, bins: Tensor) -> Tensor:
        """(R * bins, C) as (R, C, bins along y, bins along x)."""
        return bins.unflatten(0, (-1, *self[:2])).permute(0, 3, 1, 2)


def roi_align_forward(input: Tensor, rois: Tensor, output: Tensor, argmax_y: Tensor,
                      argmax_x: Tensor, *, pool_mode: int, **settings) -> None:
    """Fill ``output``, and for the maximum ``argmax_y`` and ``argmax_x``."""
    if not len(rois):
        return
    features, align = at_least_float(input), RoIAlign(**settings)
    with full_precision(input.device):
        if pool_mode == MAXIMUM:
            results = align.maximum(features, rois.to(features))
            for target, result in zip((output, argmax_y, argmax_x), results, strict=True):
                target.copy_(result)
        else:
            output.copy_(align.average(features, rois.to(features)))


def roi_align_backward(grad_output: Tensor, rois: Tensor, argmax_y: Tensor, argmax_x: Tensor,
                       grad_input: Tensor, *, pool_mode: int, **settings) -> None:
    """Fill ``grad_input`` (B, C, H, W)."""
    if not len(rois):
        return
    like_input = torch.zeros_like(at_least_float(grad_input))
    if pool_mode == MAXIMUM:
        grad = _grad_of_maximum(at_least_float(grad_output), rois, argmax_y, argmax_x, like_input)
    else:
        align = RoIAlign(**settings)
        # linear in the input: the gradient does not depend on its values
        grad = gradients(lambda input: align.average(input, rois.to(input)),
                         dict(input=like_input), ['input'], grad_output)['input']
    grad_input.copy_(grad)


def _expand(counts: Tensor) -> tuple[Tensor, Tensor]:
    """The owner of every item, and its place there: (0, 0, 2), (0, 1, 0) for counts (2, 0, 1)."""
    owner = torch.repeat_interleave(counts)
    first = counts.cumsum(0) - counts
    place = torch.arange(len(owner), device=counts.device)
    return owner, place.sub_(first.index_select(0, owner))


def _rows(input: Tensor) -> Tensor:
    """(B * H * W, C) the cells of all images, row by row."""
    return input.permute(0, 2, 3, 1).flatten(0, 2)


def _cells(points: Points, input: Tensor) -> Cells:
    """(S, 4) the cells around points, as rows of :func:`_rows`."""
    height, width = input.shape[2:]
    cells = around(repeat_border(points.y, height), repeat_border(points.x, width), width)
    return Cells(cells.index + points.image[:, None] * (height * width), cells.weight)


def _largest(samples: Tensor, points: Points) -> tuple[Tensor, Tensor, Tensor]:
    """Value, row and column (bins, C) of the first of the largest samples (S, C) of each bin."""
    owner, place = _expand(points.counts)
    largest = torch.segment_reduce(samples, 'max', lengths=points.counts)
    is_largest = samples == largest[owner]
    first = torch.segment_reduce(
        torch.where(is_largest, place[:, None].to(samples), torch.inf), 'min',
        lengths=points.counts)
    empty = (points.counts == 0)[:, None]
    start = (points.counts.cumsum(0) - points.counts)[:, None]
    index = torch.where(empty, len(samples), start + first.masked_fill(empty, 0).long())
    y, x = (F.pad(coordinate, (0, 1), value=-1)[index] for coordinate in (points.y, points.x))
    return largest.masked_fill(empty, 0), y, x


def _grad_of_maximum(grad_output: Tensor, rois: Tensor, y: Tensor, x: Tensor,
                     like_input: Tensor) -> Tensor:
    """(B, C, H, W) gradients brought to the cells around the largest samples."""
    _, channels, height, width = like_input.shape
    y, x = y.to(grad_output), x.to(grad_output)
    cells = around(repeat_border(y, height), repeat_border(x, width), width)
    channel = torch.arange(channels, device=rois.device).view(-1, 1, 1)
    plane = rois[:, 0].long().view(-1, 1, 1, 1) * channels + channel
    index = plane[..., None] * (height * width) + cells.index
    shares = cells.weight * (grad_output * (y != -1))[..., None]
    return like_input.view(-1).scatter_add(0, index.flatten(), shares.flatten()).view_as(like_input)
