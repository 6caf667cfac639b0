"""Configs by path and by name, and the options put into them."""
import pytest

from fcos_mm.config import find_config, load_config, set_work_dir
from fcos_mm.errors import UserError


def write(folder, text):
    path = folder / 'config.py'
    path.write_text(text)
    return str(path)


def test_shipped_config_by_name():
    cfg = load_config('fcos_mm::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py')
    assert cfg.model.bbox_head.num_classes == 80


def test_missing_config_is_named(tmp_path):
    with pytest.raises(UserError, match='Config not found: .*none.py'):
        find_config(str(tmp_path / 'none.py'))
    with pytest.raises(UserError, match='Config not found: .*fcos/none.py'):
        find_config('fcos_mm::fcos/none.py')


def test_unknown_package():
    with pytest.raises(UserError, match="no installed package 'no_such_package'"):
        find_config('no_such_package::fcos/a.py')


@pytest.mark.parametrize('text', ['model = dict(', "_base_ = './none.py'"])
def test_config_that_cannot_be_loaded(text, tmp_path):
    path = write(tmp_path, text)
    with pytest.raises(UserError) as error:
        load_config(path)
    assert path in str(error.value)


def test_option_that_does_not_fit(tmp_path):
    path = write(tmp_path, 'custom_hooks = [dict(depth=1)]\nmodel = dict(init_cfg=None)')
    with pytest.raises(UserError, match='--cfg-options does not fit'):
        load_config(path, {'custom_hooks.3.depth': 2})
    with pytest.raises(UserError, match='model.init_cfg is None, which has no parts to set'):
        load_config(path, {'model.init_cfg.type': 'Normal'})


def test_elements_of_a_list(tmp_path):
    path = write(tmp_path, 'model = dict(a=[1, 2], b=(1, 2), c=[dict(d=1, e=2)])')
    cfg = load_config(path, {'model.a.1': 3, 'model.c.0.d': 5})
    assert cfg.model == dict(a=[1, 3], b=(1, 2), c=[dict(d=5, e=2)])
    with pytest.raises(UserError, match=r'model.b is \(1, 2\), which has no parts to set'):
        load_config(path, {'model.b.1': 3})


@pytest.mark.parametrize('option, own, expected', [
    ('here', 'there', 'here'),
    (None, 'there', 'there'),
    (None, None, 'work_dirs/config'),
])
def test_work_dir(option, own, expected, tmp_path):
    cfg = load_config(write(tmp_path, f'work_dir = {own!r}'))
    set_work_dir(cfg, option)
    assert cfg.work_dir == expected
