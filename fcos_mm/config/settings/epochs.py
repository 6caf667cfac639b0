"""``epochs``: the length of the training, of its schedules and of what goes with them."""
from mmengine.config import Config

from fcos_mm.config.keys import is_number, type_name, value_at, walk
from fcos_mm.config.settings.given import Given
from fcos_mm.config.settings.schedules import Lengths, stretch_schedules, warm_up_limit

_MOMENTS = ('begin_epoch', 'switch_epoch', 'num_last_epochs')  # arguments of hooks


def apply_epochs(cfg: Config | dict, given: Given) -> None:
    """Set how often the training sees every image.

    A training that counts iterations counts epochs from then on, whatever the size of the
    data. Milestones and hooks that count epochs stay at their part of the training.
    """
    epochs, loop = given.count(), cfg.get('train_cfg')
    unit = next((key for key in ('max_epochs', 'max_iters')
                 if isinstance(loop, dict) and is_number(loop.get(key))), None)
    if unit is None:
        raise given.error('train_cfg has neither max_epochs nor max_iters.\nSet the length of the '
                          'training in train_cfg.')
    lengths = Lengths(loop[unit], epochs, in_iterations=unit == 'max_iters',
                      warm_up_limit=warm_up_limit(cfg, epochs))
    if lengths.in_iterations:
        _count_epochs(cfg, lengths, given)
    loop['max_epochs'] = epochs
    if not any(key.split('.')[0] == 'param_scheduler' for key in given.keys):
        stretch_schedules(cfg.get('param_scheduler'), lengths)
    for name in ('custom_hooks', 'default_hooks'):
        for _, hook in walk(cfg.get(name), name):
            for key in _MOMENTS if isinstance(hook, dict) else ():
                if is_number(hook.get(key)):
                    hook[key] = lengths.moved(hook[key])


def _count_epochs(cfg: Config | dict, lengths: Lengths, given: Given) -> None:
    """Let loop, sampler, log and checkpoints count epochs instead of iterations.

    Intervals that are set beside the epochs are taken for epochs.
    """
    loop, sampler = cfg['train_cfg'], value_at(cfg, 'train_dataloader.sampler')
    kinds = (('train_cfg', loop, 'IterBasedTrainLoop', 'EpochBasedTrainLoop'),
             ('train_dataloader.sampler', sampler, 'InfiniteSampler', 'DefaultSampler'))
    for key, part, old, new in kinds:
        kind = type_name(part)
        if kind not in ('', old, new):
            raise given.error(f'{key} is {kind}, whose epochs are not known.\n'
                              'Set the length of the training in train_cfg.')
        if kind:
            part['type'] = new
    if 'by_epoch' in loop:
        loop['by_epoch'] = True
    del loop['max_iters']
    for key in ('val_interval', 'val_begin'):
        if is_number(loop.get(key)) and not given.beside(key):
            loop[key] = lengths.moved(loop[key])
    checkpoint = value_at(cfg, 'default_hooks.checkpoint') or {}
    if not checkpoint.get('by_epoch', True):
        checkpoint['by_epoch'] = True
        if is_number(checkpoint.get('interval')) and not given.beside('checkpoint.interval'):
            checkpoint['interval'] = lengths.moved(checkpoint['interval'])
    if isinstance(cfg.get('log_processor'), dict):
        cfg['log_processor']['by_epoch'] = True
