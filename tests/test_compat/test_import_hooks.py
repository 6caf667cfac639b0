"""What is supplied and changed when OpenMMLab's packages are imported."""
import importlib
import sys
import types

import pytest
from mmengine.config import Config
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.utils import get_installed_path, is_installed
from yapf.yapflib import yapf_api

import fcos_mm
from fcos_mm.compat.import_hooks import ImportObserver, keep_scope_of_config

NAME = 'a_module_that_is_observed'


@pytest.fixture
def observed(tmp_path, monkeypatch):
    """Two observers of one module, and the values that they saw in it."""
    (tmp_path / f'{NAME}.py').write_text('value = 3\n')
    seen = []
    finders = [ImportObserver({NAME: lambda module: seen.append(module.value)})
               for _ in range(2)]
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, 'meta_path', [*finders, *sys.meta_path])
    yield seen
    sys.modules.pop(NAME, None)


def test_it_runs_after_the_module_once_for_each_observer(observed):
    module = importlib.import_module(NAME)
    assert observed == [3, 3]
    importlib.import_module(NAME)
    assert observed == [3, 3]
    importlib.reload(module)
    assert observed == [3, 3, 3, 3]


def test_the_loader_is_left_as_it_was(observed):
    module = importlib.import_module(NAME)
    assert 'exec_module' not in vars(module.__spec__.loader)


def test_a_module_that_is_not_there_is_not_found():
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(NAME)
    assert ImportObserver({NAME: print}).find_spec('another') is None


def test_the_inferencer_is_changed_once():
    class BaseInferencer:
        def _init_model(self):
            pass

        def _load_model_from_metafile(self):
            pass

    infer = types.SimpleNamespace(BaseInferencer=BaseInferencer)
    keep_scope_of_config(infer)
    changed = BaseInferencer._init_model
    keep_scope_of_config(infer)
    assert BaseInferencer._init_model is changed


def test_mmengine_finds_the_shipped_configs():
    """``fcos_mm::...`` as a base config."""
    name = MODULE2PACKAGE['fcos_mm']
    assert is_installed(name)
    assert f'{get_installed_path(name)}/__init__.py' == fcos_mm.__file__


def test_the_text_of_a_config_is_formatted_again_if_it_changes(monkeypatch):
    formatted = []
    monkeypatch.setattr(yapf_api, 'FormatCode', lambda text, **style: (
        formatted.append(text), (f'# {len(formatted)}\n{text}', True))[1])
    cfg = Config(dict(model=dict(depth=18), sizes=[1, 2]))
    first = cfg.pretty_text
    assert cfg.pretty_text == first == cfg.pretty_text and len(formatted) == 1
    assert Config(dict(model=dict(depth=18), sizes=(1, 2))).pretty_text != first
    cfg.model.depth = 50
    assert cfg.pretty_text == first.replace('# 1', '# 3').replace('18', '50')
