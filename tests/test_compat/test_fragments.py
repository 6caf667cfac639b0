"""Fragments in ``_base_``: on top of the other bases, below the file that names them."""
import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from fcos_mm.compat.import_hooks import support_config_fragments
from fcos_mm.config import load_config

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
FILES = {
    'plain': "loader = dict(size=2, steps=['a'])\nhooks = [dict(type='A')]\n"
             "wrapper = dict(type='W')",
    'other': 'rate = 1',
    'amp': "_fragment_ = True\nwrapper = dict(type='Amp')\nhooks = [dict(type='B')]",
    'ema': "_fragment_ = True\nloader = dict(steps=['b'])\nhooks = [dict(type='C')]",
    'fresh': "_fragment_ = True\nloader = dict(_delete_=True, steps=['b'])",
    'nested': "_fragment_ = True\n_base_ = './amp.py'\nwrapper = dict(dtype='half')",
}


@pytest.fixture
def read(tmp_path):
    """``read(*names, text='')``: a config with these bases, as a dict."""
    for name, content in FILES.items():
        (tmp_path / f'{name}.py').write_text(content)

    def write_and_read(*names, text=''):
        path = tmp_path / 'config.py'
        path.write_text(f'_base_ = {[f"./{name}.py" for name in names]}\n{text}\n')
        return Config.fromfile(path).to_dict()

    return write_and_read


@pytest.mark.parametrize('order', itertools.permutations(['plain', 'other', 'amp', 'ema']))
def test_order_does_not_matter(read, order):
    hooks = [name[0].upper() for name in order if name in ('amp', 'ema')]
    found = read(*order)
    assert [hook['type'] for hook in found.pop('hooks')] == [
        'A', *('B' if hook == 'A' else 'C' for hook in hooks)]
    assert found == dict(loader=dict(size=2, steps=['a', 'b']), wrapper=dict(type='Amp'), rate=1)


@pytest.mark.parametrize('names, text, key, value', [
    pytest.param(('plain', 'amp'), "wrapper = dict(type='Mine')", 'wrapper', dict(type='Mine'),
                 id='a key of the child'),
    pytest.param(('plain', 'amp', 'ema'), 'hooks = []', 'hooks', [], id='a list of the child'),
    pytest.param(('plain', 'fresh'), '', 'loader', dict(steps=['b']), id='_delete_'),
    pytest.param(('nested', 'plain'), '', 'wrapper', dict(type='Amp', dtype='half'),
                 id='a fragment that inherits one'),
    pytest.param(('plain', 'amp'), 'old = _base_.wrapper.type', 'old', 'W', id='_base_.name')])
def test_what_counts(read, names, text, key, value):
    assert read(*names, text=text)[key] == value


def test_plain_bases_still_may_not_set_the_same_name(read, tmp_path):
    (tmp_path / 'third.py').write_text('rate = 2')
    with pytest.raises(KeyError, match='Duplicate key'):
        read('other', 'third')


def test_a_fragment_alone_is_a_config(read, tmp_path):
    read('amp')
    assert Config.fromfile(tmp_path / 'amp.py').to_dict() == dict(
        wrapper=dict(type='Amp'), hooks=[dict(type='B')])


@pytest.mark.parametrize('base', ['fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py',
                                  'bccd/fcos_r18-half_fpn_scratch_bccd.py'])
def test_every_shipped_fragment_at_once(base, tmp_path):
    """They say nothing that the checks of a config call unread, and dump to what they are."""
    fragments = sorted(str(path) for kind in ('speed', 'scale')
                       for path in (CONFIGS / '_base_' / kind).glob('*.py'))
    path = tmp_path / 'config.py'
    path.write_text(f'_base_ = {[str(CONFIGS / base), *fragments]}\n')
    cfg, plain = load_config(str(path)), Config.fromfile(CONFIGS / base)
    assert len(fragments) == 11
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper' and cfg.sync_bn == 'torch'
    assert cfg.optim_wrapper.optimizer == dict(
        plain.optim_wrapper.optimizer, fused=True, type='ZeroRedundancyOptimizer',
        optimizer_type='SGD')
    assert len(cfg.custom_hooks) == len(plain.get('custom_hooks', [])) + 1
    cfg.dump(tmp_path / 'dumped.py')
    assert Config.fromfile(tmp_path / 'dumped.py').to_dict() == cfg.to_dict()


def test_programs_that_import_mmengine_first(tmp_path):
    """As mmdet's own tools do; the package is named by the config's ``custom_imports`` at best."""
    path = tmp_path / 'config.py'
    path.write_text(f"_base_ = ['{CONFIGS}/_base_/default_runtime.py', "
                    f"'{CONFIGS}/_base_/speed/tf32.py']\n")
    done = subprocess.run(
        [sys.executable, '-c', 'from mmengine.config import Config\n'
         'from fcos_mm.compat.import_hooks import install\ninstall()\n'
         f'assert Config.fromfile({str(path)!r}).default_hooks.fast_training.tf32'],
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_second_call_changes_nothing():
    """The hooks of an installation and those of the package both make it."""
    before = Config._file2dict, Config._merge_a_into_b
    support_config_fragments(sys.modules['mmengine.config.config'])
    assert (Config._file2dict, Config._merge_a_into_b) == before
