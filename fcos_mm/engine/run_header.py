"""Log config, data, classes, parameters and device at the start of a run."""
import torch
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop

from fcos_mm.compat.modules import inner_model
from fcos_mm.datasets.walk import metainfo_of
from fcos_mm.registry import HOOKS


@HOOKS.register_module()
class RunHeaderHook(Hook):
    """Logs the header once per run."""

    priority = 'LOW'

    def before_train(self, runner) -> None:
        """Log the header of a training run."""
        loop = runner.train_loop
        by_epoch = isinstance(loop, EpochBasedTrainLoop)
        length = f'{loop.max_epochs:,} epochs' if by_epoch else f'{loop.max_iters:,} iterations'
        lines = [('training', f'{_describe(runner.train_dataloader)}, {length}')]
        if runner.val_loop is not None:
            lines.append(('validation', _describe(runner.val_dataloader)))
        _log(runner, lines, runner.train_dataloader)

    def before_test(self, runner) -> None:
        """Log the header of a test run."""
        _log(runner, [('testing', _describe(runner.test_dataloader))], runner.test_dataloader)


def _log(runner, data_lines: list, loader) -> None:
    lines = [('config', getattr(runner.cfg, 'filename', None) or 'given in Python'),
             ('work dir', runner.work_dir),
             *data_lines,
             ('classes', _classes(loader.dataset)),
             ('parameters', f'{_count_parameters(runner.model) / 1e6:.2f} million'),
             ('device', _device(runner)),
             ('log file', runner.logger.log_file)]
    text = '\n'.join(f'{name:12}{value}' for name, value in lines)
    runner.logger.info(f'\n{text}\n')


def _describe(loader) -> str:
    batch = getattr(loader, 'batch_size', None)
    if batch is None:  # a batch sampler groups the images
        batch = getattr(loader.batch_sampler, 'batch_size', '?')
    return f'{len(loader.dataset):,} images in batches of {batch}'


def _classes(dataset) -> str:
    names = metainfo_of(dataset).get('classes') or ()
    shown = ', '.join(names[:8]) + (', ...' if len(names) > 8 else '')
    return f'{len(names)}: {shown}'


def _count_parameters(model) -> int:
    return sum(parameter.numel() for parameter in inner_model(model).parameters())


def _device(runner) -> str:
    device = next(runner.model.parameters()).device
    name = torch.cuda.get_device_name(device) if device.type == 'cuda' else device.type
    return f'{name}, {get_world_size()} process(es)'
