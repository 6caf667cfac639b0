"""Hooks, loops and optimizer wrappers that configs may name."""
from fcos_mm.engine.distributed.watchdog import WatchdogHook
from fcos_mm.engine.distributed.zero import ZeroRedundancyOptimizer
from fcos_mm.engine.early_stopping import EarlyStoppingHook
from fcos_mm.engine.guards.non_finite import NonFiniteHook
from fcos_mm.engine.guards.optim_wrapper import AmpOptimWrapper, OptimWrapper
from fcos_mm.engine.guards.unreadable import UnreadableImageHook
from fcos_mm.engine.progress.hook import ProgressHook
from fcos_mm.engine.resume.checkpoint_hook import CheckpointHook
from fcos_mm.engine.resume.train_loops import EpochBasedTrainLoop, IterBasedTrainLoop
from fcos_mm.engine.run_header import RunHeaderHook

__all__ = [
    'AmpOptimWrapper', 'CheckpointHook', 'EarlyStoppingHook', 'EpochBasedTrainLoop',
    'IterBasedTrainLoop', 'NonFiniteHook', 'OptimWrapper', 'ProgressHook',
    'RunHeaderHook', 'UnreadableImageHook', 'WatchdogHook', 'ZeroRedundancyOptimizer'
]
