"""``fcos-mm convert`` for checkpoints, and what it refuses: nothing is written then."""
import pytest
import torch

from fcos_mm.apis.converting import files
from fcos_mm.apis.converting.back import convert_back
from fcos_mm.apis.converting.convert import convert_checkpoint
from fcos_mm.apis.converting.files import check_target, write_files
from fcos_mm.cli import convert, main
from fcos_mm.cli import detect as detect_command
from fcos_mm.config import load_config
from fcos_mm.errors import UserError
from fcos_mm.registry import MODELS

TINY = '''
_base_ = 'fcos_mm::fcos/fcos_r50-caffe_fpn_gn-head_mmdet_1x_coco.py'
classes = ('cup', 'jar')
model = dict(
    backbone=dict(depth=18, base_channels=8, init_cfg=None),
    neck=dict(in_channels=[8, 16, 32, 64], out_channels=64),
    bbox_head=dict(in_channels=64, feat_channels=64, stacked_convs=1))
'''


@pytest.fixture(scope='module')
def ours(tmp_path_factory):
    """A tiny checkpoint of fcos_mm, as a training writes it."""
    folder = tmp_path_factory.mktemp('ours')
    (folder / 'tiny.py').write_text(TINY)
    cfg = load_config(str(folder / 'tiny.py'))
    model = MODELS.build(cfg.model)
    torch.save(dict(state_dict=model.state_dict(), meta=dict(
        cfg=cfg.pretty_text, dataset_meta=dict(classes=('cup', 'jar')))), folder / 'ours.pth')
    return folder / 'ours.pth'


@pytest.fixture(scope='module')
def theirs(ours, tmp_path_factory):
    """The same as mmdet's."""
    path = tmp_path_factory.mktemp('theirs') / 'theirs.pth'
    convert_back(str(ours), str(path), 'mmdet')
    return path


def test_both_ways_by_the_command(ours, theirs, tmp_path, capsys):
    out = tmp_path / 'ours.pth'
    main(convert, [str(theirs), str(out)])
    shown = capsys.readouterr().out
    assert f'{theirs}: mmdet FCOS' in shown and f'fcos-mm detect PICTURES --model {out}' in shown
    found, expected = (torch.load(file)['state_dict'] for file in (out, ours))
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    cfg = load_config(str(tmp_path / 'ours.py'))
    assert cfg.model.bbox_head == load_config(str(ours.with_name('tiny.py'))).model.bbox_head
    main(convert, [str(out), str(tmp_path / 'back.pth'), '--to', 'mmdet'])
    assert "default_scope = 'mmdet'" in (tmp_path / 'back.py').read_text()


def test_what_was_converted_detects_at_once(theirs, tmp_path, tiny_data):
    main(convert, [str(theirs), str(tmp_path / 'ours.pth')])
    images = sorted((tiny_data / 'images').iterdir())
    main(detect_command, [str(images[0]), '--model', str(tmp_path / 'ours.pth'), '--device', 'cpu',
                          '--out-dir', str(tmp_path / 'out'), '--score-thr', '0'])
    assert any((tmp_path / 'out').rglob(f'*{images[0].stem}*'))


def test_files_are_replaced_only_if_that_is_wanted(theirs, tmp_path):
    out = tmp_path / 'ours.pth'
    config = out.with_suffix('.py')
    config.write_text('mine')
    with pytest.raises(UserError, match='ours.py is there already[^$]*--force'):
        convert_checkpoint(str(theirs), str(out))
    assert config.read_text() == 'mine' and not out.exists()
    convert_checkpoint(str(theirs), str(out), force=True)
    assert out.exists() and config.read_text() != 'mine'
    with pytest.raises(UserError, match='ours.pth is there already'):
        convert_checkpoint(str(theirs), str(out))
    assert sorted(path.name for path in tmp_path.iterdir()) == ['ours.pth', 'ours.py']


@pytest.mark.parametrize('out, message', [
    ('ours.onnx', 'does not end with .pth'), ('nowhere/ours.pth', 'nowhere is not a folder'),
    ('theirs.pth', 'is the checkpoint to convert')])
def test_targets_that_cannot_be(out, message, tmp_path):
    (tmp_path / 'theirs.pth').touch()
    with pytest.raises(UserError, match=message):
        check_target(str(tmp_path / out), str(tmp_path / 'theirs.pth'), force=True)


def test_nothing_is_left_where_the_weights_cannot_be_written(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(files.torch, 'save', full)
    with pytest.raises(UserError, match='No space left'):
        write_files(tmp_path / 'a.pth', {}, tmp_path / 'a.py', 'a = 1')
    assert not list(tmp_path.iterdir())


def test_checkpoints_of_ours_need_no_conversion(ours, tmp_path):
    with pytest.raises(UserError, match='is a checkpoint of fcos_mm already[^$]*--to mmdet'):
        convert_checkpoint(str(ours), str(tmp_path / 'out.pth'))


def test_a_config_that_describes_another_network(theirs, tmp_path):
    config = tmp_path / 'other.py'
    config.write_text(theirs.with_suffix('.py').read_text().replace('depth=18', 'depth=34'))
    with pytest.raises(UserError, match='does not fit the model'):
        convert_checkpoint(str(theirs), str(tmp_path / 'out.pth'), config=str(config))
    assert not (tmp_path / 'out.pth').exists()


@pytest.mark.parametrize('options, messages', [
    ({'model.bbox_head.box_convention': 'pixel'}, ["box_convention='pixel' (there: 'continuous')"]),
    ({'model.bbox_head.postprocess.score': 'sqrt', 'model.bbox_head.location_offset': 'zero'},
     ["postprocess.score='sqrt' (there: 'product')", 'location_offset=[0, 0, 0, 0, 0]']),
    ({'model.bbox_head.postprocess.rank_by': 'score'}, ["rank_by='score'", '--cfg-options']),
    ({'model.bbox_head.centerness.source': 'none'}, ["centerness.source='none'"]),
    ({'test_dataloader.dataset.pipeline.1.rounding': 'official'}, ["'rounding': 'official'"]),
])
def test_numerics_that_mmdet_does_not_have(ours, tmp_path, options, messages):
    with pytest.raises(UserError) as error:
        convert_back(str(ours), str(tmp_path / 'back.pth'), 'mmdet', options=options)
    assert all(message in str(error.value) for message in messages), error.value
    assert not list(tmp_path.iterdir())


def test_what_only_training_computes_differently_is_a_note(ours, tmp_path):
    options = {'model.bbox_head.loss.bbox_weight': 'none',
               'model.bbox_head.assigner.range_bounds': 'strict'}
    lines = convert_back(str(ours), str(tmp_path / 'back.pth'), 'mmdet', options=options)
    assert ('Training there computes differently: model.bbox_head.assigner.range_bounds, '
            'model.bbox_head.loss.bbox_weight') in lines


def test_ways_back_that_do_not_exist(ours, tmp_path):
    with pytest.raises(UserError, match="no source 'caffe'"):
        convert_back(str(ours), str(tmp_path / 'back.pth'), 'caffe')
    with pytest.raises(UserError, match='location_spacing'):
        convert_back(str(ours), str(tmp_path / 'back.pth'), 'torchvision')
