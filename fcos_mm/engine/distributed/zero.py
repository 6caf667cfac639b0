"""ZeRO stage 1: each rank keeps its share of the optimizer's state."""
from mmengine.optim import ZeroRedundancyOptimizer as MMEngineZeroRedundancyOptimizer
from torch.distributed.optim import ZeroRedundancyOptimizer as TorchZeroRedundancyOptimizer

from fcos_mm.registry import OPTIMIZERS


@OPTIMIZERS.register_module()
class ZeroRedundancyOptimizer(MMEngineZeroRedundancyOptimizer):
    """mmengine's, whose state can be saved, after :func:`gather_shares`.

    mmengine asks rank 0 alone for the shares, which then waits for ever.
    """

    def state_dict(self) -> dict:
        """The gathered state, as that of an optimizer that is not sharded."""
        return TorchZeroRedundancyOptimizer.state_dict(self)


def gather_shares(optim_wrapper) -> None:
    """Send the shares of the optimizer's state to rank 0. All ranks have to call this."""
    optimizer = getattr(optim_wrapper, 'optimizer', None)
    if isinstance(optimizer, ZeroRedundancyOptimizer):
        optimizer.consolidate_state_dict(to=0)
