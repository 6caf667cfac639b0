"""Who sees settings: every reader of a config, a dumped config included, and no other scope."""
import json
import subprocess
import sys

import pytest
from mmengine.config import Config

from fcos_mm.config import load_config
from fcos_mm.config.settings import SETTINGS
from fcos_mm.errors import UserError
from tests.test_config.test_settings.conftest import BASES, CONFIGS

ALL = dict(
    data_root='/cells/', ann_files=dict(train='t.json', val='v.json'), image_dirs='images/',
    metainfo=dict(palette=[(0, 0, 0), (9, 9, 9)]), classes=('cup', 'jar'), image_size=(320, 240),
    batch_size=4, epochs=30, lr=0.002, levels='P2-P5',
    regress_ranges=((0, 20), (20, 40), (40, 80), (80, None)))
TEXT = '\n'.join(f'{name} = {value!r}' for name, value in ALL.items())


def test_every_setting_is_tried_here():
    assert ALL.keys() == SETTINGS.keys()


@pytest.mark.parametrize('base', ['coco', 'bccd', 'small'])
def test_readers_agree_and_a_dumped_config_stays_as_it_is(write, base, tmp_path):
    path = write(base, TEXT)
    cfg = load_config(path)
    assert cfg.model.bbox_head.num_classes == 2  # applied at all
    assert Config.fromfile(path).to_dict() == cfg.to_dict()
    assert load_config(write(path, '', 'child.py')).to_dict() == cfg.to_dict()
    dumped = str(tmp_path / 'dumped.py')
    cfg.dump(dumped)
    assert load_config(dumped).to_dict() == Config.fromfile(dumped).to_dict() == cfg.to_dict()


@pytest.mark.parametrize('base', ['coco', 'bccd'])
def test_options_do_the_same_as_a_file(write, base):
    of_file, by_options = load_config(write(base, TEXT)), load_config(write(base, ''), ALL)
    assert by_options.to_dict() == of_file.to_dict()


def test_each_file_is_applied_before_its_children(write):
    """What a child writes out counts, and ``_base_`` has the values of the base."""
    middle = write('coco', "classes = ('cup', )\nepochs = 10\nlr = 0.5", 'middle.py')
    cfg = Config.fromfile(write(
        middle, 'lr = _base_.lr / 2\ntrain_cfg = dict(max_epochs=7)\n'
        "val_dataloader = dict(dataset=dict(metainfo=dict(classes=('jar', ))))"))
    assert (cfg.optim_wrapper.optimizer.lr, cfg.train_cfg.max_epochs) == (0.25, 7)
    assert cfg.train_dataloader.dataset.metainfo.classes == ('cup', )
    assert cfg.val_dataloader.dataset.metainfo.classes == ('jar', )


def test_data_files_and_configs_by_import(write, tmp_path):
    path = tmp_path / 'mine.json'
    path.write_text(json.dumps(dict(ALL, _base_=str(CONFIGS / BASES['coco']))))
    assert Config.fromfile(path).model == Config.fromfile(write('coco', TEXT)).model
    (tmp_path / 'basis.py').write_text(
        'from mmengine.optim import OptimWrapper\n'
        "default_scope = 'fcos_mm'\noptim_wrapper = dict(type=OptimWrapper, optimizer=dict(lr=1))")
    (tmp_path / 'lazy.py').write_text(
        'from mmengine.config import read_base\nwith read_base():\n    from .basis import *\n'
        'lr = 0.5\n')
    assert Config.fromfile(tmp_path / 'lazy.py').optim_wrapper.optimizer.lr == 0.5


def test_a_file_of_settings_alone(write, tmp_path):
    """It is a base beside the others: its names are there, and apply to nothing."""
    (tmp_path / 'mine_alone.py').write_text('epochs = 7\nlr = 0.5\n')
    path = tmp_path / 'mine.py'
    path.write_text(f"_base_ = [{str(CONFIGS / BASES['small'])!r}, './mine_alone.py']\n")
    with pytest.raises(UserError, match=r'(?s)epochs is set in .*mine_alone.py, which inherits '
                                        'nothing.*lr is set in'):
        load_config(str(path))
    path.write_text(path.read_text() + 'epochs = _base_.epochs\nlr = _base_.lr\n')
    assert load_config(str(path)).train_cfg.max_epochs == 7


@pytest.mark.parametrize('scope', ['mmdet', None])
def test_other_scopes_are_left_alone_by_other_readers(tmp_path, scope):
    (tmp_path / 'basis.py').write_text(
        f'default_scope = {scope!r}\noptim_wrapper = dict(optimizer=dict(lr=1))')
    path = tmp_path / 'mine.py'
    path.write_text("_base_ = './basis.py'\nlr = 0.5")
    assert Config.fromfile(path).optim_wrapper.optimizer.lr == 1
    assert load_config(str(path)).optim_wrapper.optimizer.lr == 0.5


def test_a_fault_names_the_setting_for_every_reader(write):
    for read in (load_config, Config.fromfile):
        with pytest.raises(UserError, match="levels='P9-P1': it must be"):
            read(write('coco', "levels = 'P9-P1'"))


def test_programs_that_import_mmengine_first(write):
    """The package is imported for a config of ours, and for no other."""
    program = ('import sys\nfrom mmengine.config import Config\n{}\n'
               'from fcos_mm.compat.import_hooks import install\ninstall()\n'
               f'Config.fromfile({str(CONFIGS / BASES["coco"])!r}, import_custom_modules=False)\n'
               "assert 'mmdet' not in sys.modules and 'torch' not in sys.modules\n"
               f'cfg = Config.fromfile({write("coco", TEXT)!r}, import_custom_modules=False)\n'
               'assert cfg.model.bbox_head.num_classes == 2')
    done = subprocess.run([sys.executable, '-c', program.format('')], capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
