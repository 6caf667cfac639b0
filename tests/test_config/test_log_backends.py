"""Backends that ``--log`` adds."""
import sys
from types import ModuleType

import pytest
from mmengine.config import Config

from fcos_mm.config.log_backends import add_log_backends
from fcos_mm.errors import UserError


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    """Both packages can be imported."""
    for name in ('tensorboard', 'wandb'):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))


def types(cfg):
    return [backend['type'] for backend in cfg.visualizer.vis_backends]


def test_beside_what_is_there():
    cfg = Config(dict(visualizer=dict(
        type='DetLocalVisualizer', vis_backends=[dict(type='LocalVisBackend')])))
    add_log_backends(cfg, 'wandb, tensorboard,')
    assert types(cfg) == ['LocalVisBackend', 'WandbVisBackend', 'TensorboardVisBackend']
    cfg.visualizer.vis_backends[1].init_kwargs = dict(project='mine')
    add_log_backends(cfg, 'wandb')
    assert types(cfg) == ['LocalVisBackend', 'WandbVisBackend', 'TensorboardVisBackend']
    assert cfg.visualizer.vis_backends[1].init_kwargs == dict(project='mine')


@pytest.mark.parametrize('settings', [{}, dict(visualizer=dict(type='DetLocalVisualizer')),
                                      dict(visualizer=dict(type='A', vis_backends=None))])
def test_configs_without_backends(settings):
    cfg = Config(settings)
    add_log_backends(cfg, 'tensorboard')
    assert types(cfg) == ['LocalVisBackend', 'TensorboardVisBackend']


def test_unknown_name():
    with pytest.raises(UserError, match="--log: there is no 'tensorbord'. Did you mean 'tensorboa"):
        add_log_backends(Config(), 'tensorbord')


def test_package_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, 'wandb', None)
    with pytest.raises(UserError, match='--log wandb needs the package wandb') as error:
        add_log_backends(Config(), 'wandb')
    assert "pip install 'fcos_mm[wandb]'" in str(error.value)
