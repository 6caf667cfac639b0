"""Log config, data, classes, parameters and device at the start of a run."""
import torch
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop

from fcos_mm.compat.modules import inner_model
from fcos_mm.datasets.walk import metainfo_of
from fcos_mm.faults import counted, first_few
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
    parameters = list(inner_model(runner.model).parameters())  # none of an exported model
    device = parameters[0].device if parameters else torch.device('cpu')
    name = torch.cuda.get_device_name(device) if device.type == 'cuda' else device.type
    classes = metainfo_of(loader.dataset).get('classes') or ()
    lines = [('config', getattr(runner.cfg, 'filename', None) or 'given in Python'),
             ('work dir', runner.work_dir),
             *data_lines,
             ('classes', f'{len(classes)}: {first_few(classes, 8)}'),
             *[('parameters', f'{sum(map(torch.numel, parameters)) / 1e6:.2f} million')]
             * bool(parameters),
             ('device', f'{name}, {counted(get_world_size(), "process", "processes")}'),
             ('log file', runner.logger.log_file)]
    text = '\n'.join(f'{name:12}{value}' for name, value in lines)
    runner.logger.info(f'\n{text}\n')


def _describe(loader) -> str:
    batch = getattr(loader.batch_sampler, 'batch_size', '?')
    return f'{len(loader.dataset):,} images in batches of {batch}'
