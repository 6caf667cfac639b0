"""Facts about a run for a reader: versions, machine, time and memory."""
import datetime
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

import mmcv
import mmdet
import mmengine
import torch
from mmengine.config import Config

from fcos_mm.doctor.machine import cpu_name, usable_cores
from fcos_mm.version import __version__


def facts_of_run(cfg: Config, checkpoint: str, logs: Sequence[Mapping[str, float]],
                 seconds: float | None) -> dict[str, str]:
    """Facts by name; what is not known is left out.

    Args:
        cfg: The config of the model.
        checkpoint: File of the weights.
        logs: What the training logged.
        seconds: Of the detection in an image.
    """
    path = Path(checkpoint)
    found = {
        'model': _model(cfg.model),
        'checkpoint': f'{path} ({path.stat().st_size / 1e6:.1f} MB)',
        'machine of this report': _device(),
        'detection': seconds and f'{1000 * seconds:.0f} ms an image, in batches as in the config',
        'training time': _training_time(logs),
        'GPU memory in training': _memory(logs),
        'versions': ', '.join((
            f'fcos_mm {__version__}', f'mmengine {mmengine.__version__}',
            f'mmcv {mmcv.__version__}', f'mmdet {mmdet.__version__}',
            f'PyTorch {torch.__version__}', f'Python {platform.python_version()}')),
    }
    return {name: value for name, value in found.items() if value}


def _model(model: Mapping) -> str:
    """The detector and its backbone, as the config calls them."""
    backbone = model.get('backbone') or {}
    kind = ' '.join(str(backbone[name]) for name in ('type', 'model_name', 'arch', 'depth')
                    if backbone.get(name))
    return f'{model.get("type")} with {kind}' if kind else str(model.get('type'))


def _device() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f'{cpu_name()}, {usable_cores()} cores'


def _training_time(logs: Sequence[Mapping[str, float]]) -> str | None:
    """The time of all steps: that of an average step, times their number."""
    steps = [row for row in logs if 'iter' in row and 'time' in row]
    if not steps:
        return None
    seconds = sum(row['time'] for row in steps) / len(steps)
    total = datetime.timedelta(seconds=round(seconds * steps[-1]['step']))
    return f'{total}, without validation: {steps[-1]["step"]:,} steps of {seconds:.3f} s'


def _memory(logs: Sequence[Mapping[str, float]]) -> str | None:
    peak = max((row['memory'] for row in logs if 'memory' in row), default=0)
    return f'{peak / 1024:.1f} GiB at most' if peak else None
