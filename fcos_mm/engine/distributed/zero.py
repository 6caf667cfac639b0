"""ZeRO stage 1: each rank keeps its share of the optimizer's state."""
from mmengine.optim import ZeroRedundancyOptimizer as MMEngineZeroRedundancyOptimizer
from torch.distributed.optim import ZeroRedundancyOptimizer as TorchZeroRedundancyOptimizer

from fcos_mm.registry import OPTIMIZERS


@OPTIMIZERS.register_module()
class ZeroRedundancyOptimizer(MMEngineZeroRedundancyOptimizer):
    """mmengine's, whose state can be saved.

    To save it, all ranks must hand their shares to the first one. mmengine asks
    for that on the first rank alone, which then waits for ever; here
    :func:`gather_shares` does it before.

    Args:
        params: Parameters or groups of them.
        optimizer_type: The name of an optimizer in ``torch.optim``.
        **kwargs: Its arguments.
    """

    def state_dict(self) -> dict:
        """The gathered state.

        Returns:
            dict: As of an optimizer that is not shared out.
        """
        return TorchZeroRedundancyOptimizer.state_dict(self)


def gather_shares(optim_wrapper) -> None:
    """Send the shares of the optimizer's state to the first rank. All ranks have to call this.

    Args:
        optim_wrapper (OptimWrapper): Any; another optimizer is left alone.
    """
    optimizer = getattr(optim_wrapper, 'optimizer', None)
    if isinstance(optimizer, ZeroRedundancyOptimizer):
        optimizer.consolidate_state_dict(to=0)
