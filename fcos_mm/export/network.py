"""A detector as a function of tensors: the graph that is written to a file."""
import torch
from torch import Tensor, nn

from fcos_mm.compat.modules import inner_model
from fcos_mm.errors import check_choice
from fcos_mm.export.candidates import CandidateRule
from fcos_mm.export.layers import fix_padding, out_of_place, use_grid_sampling
from fcos_mm.export.levels import decoded_levels, raw_levels
from fcos_mm.export.settings import candidate_rule, check_exportable, suppression
from fcos_mm.export.suppression import Suppression
from fcos_mm.export.windows import use_sized_windows
from fcos_mm.runtime.info import MODES
from fcos_mm.speed.compiled import network_parts
from fcos_mm.speed.inference import prepare_for_inference


class ExportNetwork(nn.Module):
    """A trained FCOS detector from normalised images to tensors of known names.

    Outputs by ``mode``, for B images, L levels, P locations and C classes:

    - ``'raw'``: of each level l ``cls_logits_<l>`` (B, C, h, w), ``distances_<l>`` (B, 4, h, w) in
      pixels, and ``quality_<l>`` (B, 1, h, w), logits, if there is such a branch.
    - ``'decoded'``: ``boxes`` (B, P, 4) in pixels of the input, not clipped; ``scores`` (B, P, C),
      final scores, 0 where a pair is no candidate.
    - ``'nms'``: ``boxes`` (B, N, 4), ``scores`` (B, N), ``labels`` (B, N) and ``count`` (B,) with
      N = ``max_per_img``; see :class:`Suppression`. Under the box convention ``'pixel'`` boxes end
      at their last pixel.

    The detector stays as it is: the network has its own copy, in eval mode, with batch
    normalisation folded (``prepare_for_inference``).

    Args:
        detector: An ``FCOS`` with its weights, its ``test_cfg`` in the head.
        mode: See above.

    Attributes:
        mode: As given.
        head: The copy's ``FCOSHead``.
        input_names: ``images`` (B, 3, H, W) float32, resized, normalised and padded; for ``'nms'``
            also ``sizes`` (B, 2) float32, height and width of each image inside its input.
        output_names: Of the tensors that :meth:`forward` returns.

    Raises:
        UserError: If the detector is not an FCOS, or a setting cannot be part of a graph.
    """

    def __init__(self, detector: nn.Module, mode: str) -> None:
        super().__init__()
        check_choice('mode', mode, MODES)
        check_exportable(inner_model(detector), mode)
        prepared = prepare_for_inference(detector, channels_last=False, winograd=False,
                                         fuse=False)
        self.mode = mode
        self.parts = nn.ModuleList(network_parts(prepared))
        use_grid_sampling(self.parts)
        use_sized_windows(self.parts)
        out_of_place(self.parts)
        fix_padding(self.parts[0], _divisor(prepared))
        self.head = self.parts[-1]
        self.input_names = ('images', 'sizes') if mode == 'nms' else ('images', )
        self.output_names = self._names()
        self.rule: CandidateRule = candidate_rule(self.head)
        self.suppression: Suppression | None = suppression(self.head) if mode == 'nms' else None

    def _names(self) -> tuple[str, ...]:
        if self.mode == 'nms':
            return 'boxes', 'scores', 'labels', 'count'
        if self.mode == 'decoded':
            return 'boxes', 'scores'
        kinds = ('cls_logits', 'distances') + ('quality', ) * bool(self.head.quality.branch)
        return tuple(f'{kind}_{level}' for level in range(len(self.head.strides))
                     for kind in kinds)

    def forward(self, images: Tensor, sizes: Tensor | None = None) -> tuple[Tensor, ...]:
        """Return the tensors of ``output_names``.

        Args:
            images: (B, 3, H, W) float32.
            sizes: (B, 2) float32, for mode ``'nms'``.
        """
        outputs = self.network_outputs(images)
        if self.mode == 'raw':
            return raw_levels(self.head, outputs)
        levels = decoded_levels(self.head, outputs, images.shape[-2:])
        if self.mode == 'decoded':
            return (torch.cat([level.boxes for level in levels], dim=1),
                    torch.cat([self.rule.dense(level) for level in levels], dim=1))
        return self.suppression(self.rule.of_all(levels), sizes)

    def network_outputs(self, images: Tensor) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """What ``FCOSHead.forward`` returns for images (B, 3, H, W)."""
        value = images
        for part in self.parts:
            value = part(value)
        return value


def _divisor(detector: nn.Module) -> int:
    """What the sides of the network's input are multiples of."""
    return max(1, getattr(detector.data_preprocessor, 'pad_size_divisor', 1))
