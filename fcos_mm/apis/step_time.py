"""Measure how long a step and a validation of a config take."""
import time
from collections.abc import Callable, Iterable
from itertools import chain, islice, repeat

import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope

from fcos_mm.apis.build_errors import build_errors_by_key
from fcos_mm.apis.console import quiet_log
from fcos_mm.apis.runner import ToolRunner
from fcos_mm.errors import UserError
from fcos_mm.recipes.schedule import Speed
from fcos_mm.registry import MODELS
from fcos_mm.speed.fast_training import to_channels_last

_WARM_UP, _MOST = 1, 8  # steps
_SECONDS = 15


def measure_speed(cfg: Config) -> Speed:
    """Run a few steps of training and of validation, with the real images.

    Raises:
        UserError: If a component refuses its settings, an image cannot be read, or a batch does
            not fit into the GPU's memory.
    """
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    with (DefaultScope.overwrite_default_scope(cfg.default_scope), build_errors_by_key(cfg),
          quiet_log()):
        model = MODELS.build(cfg.model).to(device)
        if (cfg.default_hooks.get('fast_training') or {}).get('channels_last'):
            to_channels_last(model)
        optimizer = build_optim_wrapper(model, cfg.optim_wrapper)
        train, val = (ToolRunner.build_dataloader(dict(cfg[name], persistent_workers=False), seed=0)
                      for name in ('train_dataloader', 'val_dataloader'))
        model.train()
        try:
            step = _seconds(lambda batch: model.train_step(batch, optimizer), train)
        except torch.OutOfMemoryError:
            raise UserError(
                f'The GPU has too little memory for {cfg.train_dataloader.batch_size} images of '
                'this size.\nGive a smaller --batch, --size or --backbone.') from None
        model.eval()
        with torch.no_grad():
            batch = _seconds(model.val_step, val)
    return Speed(step, batch * len(val))


def _seconds(run: Callable, batches: Iterable) -> float:
    """The median time from batch to batch, loading included."""
    again = chain.from_iterable(repeat(batches))
    times, start = [], time.monotonic()
    last = start
    for number, batch in enumerate(islice(again, _WARM_UP + _MOST)):
        run(batch)
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        now = time.monotonic()
        if number >= _WARM_UP:
            times.append(now - last)
        last = now
        if times and now - start > _SECONDS:
            break
    return sorted(times)[len(times) // 2]
