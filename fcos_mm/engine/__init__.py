"""What runs around the model: hooks, and the names that configs may use."""
from fcos_mm.engine import config_names, mmdet_components
from fcos_mm.engine.fast_inference import FastInferenceHook
from fcos_mm.engine.fast_training import FastTrainingHook
from fcos_mm.engine.run_header import RunHeaderHook

__all__ = [
    'FastInferenceHook', 'FastTrainingHook', 'RunHeaderHook', 'config_names', 'mmdet_components'
]
