"""Hooks, loops and optimizer wrappers that configs may name."""
from fcos_mm.lazy import lazy_exports

__getattr__, __all__ = lazy_exports(__name__, {
    'distributed.watchdog': ['WatchdogHook'],
    'distributed.zero': ['ZeroRedundancyOptimizer'],
    'early_stopping': ['EarlyStoppingHook'],
    'guards.non_finite': ['NonFiniteHook'],
    'guards.optim_wrapper': ['AmpOptimWrapper', 'OptimWrapper'],
    'guards.unreadable': ['UnreadableImageHook'],
    'progress.hook': ['ProgressHook'],
    'resume.checkpoint_hook': ['CheckpointHook'],
    'resume.train_loops': ['EpochBasedTrainLoop', 'IterBasedTrainLoop'],
    'run_header': ['RunHeaderHook'],
}, first='fcos_mm.registry')
