"""What backbones of stages share: which are returned, and which are frozen."""
from collections.abc import Sequence

from mmdet.utils import OptMultiConfig
from mmengine.model import BaseModule
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


class StagedBackbone(BaseModule):
    """A backbone of which some stages are returned, and some may be frozen.

    Args:
        stages: Number of stages.
        out_indices: Stages to return.
        frozen_stages: Stages without gradients and statistics updates: 0 freezes everything
            before the first stage, 1 also the first stage, and so on; -1 freezes nothing.
        norm_eval: Whether batch norms keep their statistics during training.
        init_cfg: As in mmengine.

    Raises:
        ValueError: If a stage does not exist.
    """

    def __init__(self, *, stages: int, out_indices: Sequence[int], frozen_stages: int,
                 norm_eval: bool, init_cfg: OptMultiConfig) -> None:
        super().__init__(init_cfg)
        self.out_indices = tuple(out_indices)
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        if not self.out_indices or not set(self.out_indices) <= set(range(stages)):
            raise ValueError(
                f'out_indices={self.out_indices} are not stages from 0 to {stages - 1}')
        if frozen_stages not in range(-1, stages + 1):
            raise ValueError(f'frozen_stages={frozen_stages} is not in -1 to {stages}')

    def train(self, mode: bool = True) -> 'StagedBackbone':
        """Set the mode; frozen parts stay in evaluation mode."""
        super().train(mode)
        for module in self._frozen():
            module.eval()
        if self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def _freeze(self) -> None:
        """Stop the gradients of frozen parts; called once the parts are there."""
        for module in self._frozen():
            module.requires_grad_(False)

    def _frozen(self) -> list[nn.Module]:
        """The parts that are frozen."""
        raise NotImplementedError
