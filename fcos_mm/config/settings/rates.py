"""``batch_size`` of the training and ``lr``, the learning rate."""
from mmengine.config import Config

from fcos_mm.config.keys import is_number, value_at
from fcos_mm.config.settings.given import Given


def apply_batch_size(cfg: Config | dict, given: Given) -> None:
    """Set how many images a process has in a step of the training."""
    if not isinstance(cfg.get('train_dataloader'), dict):
        raise given.error('there is no train_dataloader.\nSet that first.')
    cfg['train_dataloader']['batch_size'] = given.count()


def apply_lr(cfg: Config | dict, given: Given) -> None:
    """Set the rate of the optimizer, from which schedules and parameter groups derive theirs."""
    if not is_number(given.value) or given.value <= 0:
        raise given.error('it must be a number above 0.\nWrite lr = 0.001.')
    optimizer = value_at(cfg, 'optim_wrapper.optimizer')
    if not isinstance(optimizer, dict):
        raise given.error('there is no optim_wrapper.optimizer.\nSet the rate of each optimizer '
                          'where it is.')
    optimizer['lr'] = given.value
