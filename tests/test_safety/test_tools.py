"""Every tool that loads a checkpoint or predictions refuses a file that tries to run code."""
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from fcos_mm.apis.recorded_config import read_recorded_config
from fcos_mm.checkpoints.safe_loading import checkpoints_are_trusted, trust_checkpoints
from fcos_mm.cli import detect, main, train
from fcos_mm.cli import test as testing
from fcos_mm.cli.analysis_tools import draw_grid, replay_batch
from fcos_mm.errors import UserError
from fcos_mm.registry import MODELS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='module')
def weights(tiny_config):
    """Weights that fit the tiny config."""
    init_default_scope('fcos_mm')
    return MODELS.build(Config.fromfile(tiny_config).model).state_dict()


@pytest.fixture
def checkpoint(hostile_file, weights):
    """A checkpoint that fits, with an attack in its history."""
    return hostile_file('os.makedirs', place=lambda content: dict(
        state_dict=weights, meta=dict(epoch=1, iter=2, seed=0),
        message_hub=dict(log_scalars=dict(loss=content))), name='epoch_1.pth')


@pytest.fixture(autouse=True)
def no_trust():
    yield
    trust_checkpoints(False)


TOOLS = {
    'test': (testing, '{config} {file} --work-dir {folder}/w'),
    'detect': (detect, '{image} {config} {file} --out-dir {folder}/w'),
    'train --resume FILE': (train, '{config} --resume {file} --work-dir {folder}/w'),
    'train --resume': (train, '{config} --resume --work-dir {folder}'),
    'train, load_from': (train, '{config} --work-dir {folder}/w --cfg-options '
                         'load_from={file}'),
    'train, init_cfg': (train, '{pretrained} --work-dir {folder}/w'),
    'train, init_cfg with a prefix': (
        train, '{pretrained} --work-dir {folder}/w --cfg-options '
        'model.neck.init_cfg.prefix=neck.'),
    'replay_batch': (replay_batch, '{file}'),
    'draw_grid': (draw_grid, '{config} {file} --out {folder}/grid.png'),
}


def words(line, checkpoint, tiny_config, tiny_data):
    pretrained = checkpoint.parent / 'pretrained.py'
    pretrained.write_text(
        f"_base_ = '{tiny_config}'\nmodel = dict(neck=dict(init_cfg=dict(_delete_=True, "
        f"type='Pretrained', checkpoint='{checkpoint}')))\n")
    return line.format(file=checkpoint, pretrained=pretrained, folder=checkpoint.parent,
                       config=tiny_config, image=tiny_data / 'images' / 'val_1.png').split()


@pytest.mark.parametrize('tool', TOOLS)
def test_a_tool_refuses(tool, checkpoint, marker, tiny_config, tiny_data):
    command, line = TOOLS[tool]
    with pytest.raises(UserError, match='epoch_1.pth') as error:
        main(command, words(line, checkpoint, tiny_config, tiny_data))
    assert 'makedirs' in str(error.value) or tool == 'draw_grid'
    assert '--trust-checkpoint' in str(error.value) or tool == 'draw_grid'
    assert not marker.exists()


@pytest.mark.parametrize('tool', ['test', 'train, load_from'])
def test_a_tool_loads_all_of_a_trusted_file(tool, checkpoint, marker, tiny_config, tiny_data):
    command, line = TOOLS[tool]
    with pytest.warns(UserWarning, match='epoch_1.pth was loaded without restrictions'):
        main(command, [*words(line, checkpoint, tiny_config, tiny_data), '--trust-checkpoint'])
    assert marker.is_dir()


def test_trust_lasts_for_one_command(checkpoint, tiny_config, tiny_data, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # detect's folder for results
    for command, options in ((testing, [str(tiny_config), 'none.pth']),
                             (train, [str(tiny_config), '--resume', 'none.pth']),
                             (detect, [str(ROOT / 'README.md'), str(tiny_config), 'none.pth']),
                             (replay_batch, ['none.pth'])):
        trust_checkpoints(True)
        with pytest.raises(UserError, match='Checkpoint not found: none.pth'):
            main(command, options)
        assert not checkpoints_are_trusted()


def test_the_command_line_says_so_without_a_traceback(checkpoint, tiny_config, marker):
    done = subprocess.run([sys.executable, str(ROOT / 'tools' / 'test.py'), str(tiny_config),
                           str(checkpoint)], capture_output=True, text=True, cwd=checkpoint.parent)
    assert done.returncode == 2 and 'Traceback' not in done.stderr
    assert f'error: {checkpoint} holds os.makedirs, which is not a weight' in done.stderr
    assert not marker.exists()


RECORDED = '''
default_scope = 'fcos_mm'
model = dict(type='FCOS', backbone=dict(type='mmdet.ResNet', depth=18, norm_cfg=dict(type='BN')),
             ranges=((0, 64), (64, inf)), init_cfg=None)
'''


@pytest.mark.parametrize('text, words', [
    ('import os\nos.mkdir({marker!r})', 'line 1 is not NAME = VALUE'),
    ('model = __import__("os").mkdir({marker!r})', 'line 1 holds more than plain values'),
    ('model = dict(a=[x for x in (1, 2)])', 'line 1 holds more'),
    ('model = dict(**dict(type="FCOS"))', 'holds more than plain values'),
    ('model = dict({{**dict(type="FCOS")}})', 'holds more than plain values'),
    ('model = dict([("a", __import__("os"))])', 'holds more than plain values'),
    ('model = dict(type="os.mkdir", path={marker!r})',
     "model.type is 'os.mkdir', which is not registered"),
    ('model = dict(type="os.system", command="mkdir {marker}")', 'os.system'),
    ('model = dict(type="FCOS", neck=[dict(type="builtins.eval")])', 'model.neck.0.type'),
    ('model = dict(type="antigravity")', "'antigravity', which is not registered"),
    ('model = dict(type="mmdet.os.system")', 'not registered'),
    ('model = dict(type="KnowledgeDistillationSingleStageDetector", teacher_config="a.py")',
     'names another config'),
    ('model = dict(', 'could run code'),
    ('model = ' + '(' * 5000 + ')' * 5000, 'could run code'),
    ('model = ' + '-' * 50000 + '1', 'could run code'),
])
def test_a_recorded_config_is_not_run(tmp_path, marker, text, words):
    path = tmp_path / 'record.pth'
    torch.save(dict(config=text.format(marker=str(marker)), iterations=[1], batches=[{}],
                    random_states=[{}], state_dict=torch.nn.Linear(1, 1).state_dict()), path)
    with pytest.raises(UserError, match=f'record.pth: its config .*({words})'):
        main(replay_batch, [str(path)])
    assert not marker.exists()


def test_what_a_recorded_config_says():
    cfg = read_recorded_config(RECORDED, 'record.pth')
    assert cfg.model.backbone.depth == 18 and cfg.model.init_cfg is None
    assert cfg.model.ranges == ((0, 64), (64, float('inf'))) and cfg.default_scope == 'fcos_mm'


@pytest.mark.parametrize('name', [
    None, 'fcos/fcos_r50-caffe_fpn_gn-head_tta_coco',
    'fcos/fcos_r50-caffe_fpn_gn-head_official_1x_coco',
    'fcos_rpn/faster-rcnn_r50-caffe_fpn_fcos-rpn_1x_coco'])
def test_all_of_a_real_config_is_read(tiny_config, name):
    cfg = Config.fromfile(f'{ROOT}/configs/{name}.py' if name else tiny_config)
    assert read_recorded_config(cfg.pretty_text, 'a.pth', whole=True).to_dict() == cfg.to_dict()


@pytest.mark.parametrize('change', [
    dict(iterations=1), dict(batches=None), dict(state_dict={}), dict(config=3),
    dict(random_states=[{}]), dict(batches=[3]), dict(batches=[dict(inputs=1, samples=2)]),
    dict(config='model = 3'), dict(config='a = 1'), dict(config='model = dict(type="FCOS")')])
def test_a_record_that_is_wrong(tmp_path, weights, tiny_config, change):
    record = dict(config=Config.fromfile(tiny_config).pretty_text, iterations=[1],
                  batches=[dict(inputs=[], samples=[])], state_dict=weights,
                  random_states=[dict(cpu=torch.get_rng_state())])
    torch.save(record | change, tmp_path / 'record.pth')
    with pytest.raises(UserError, match='record.pth'):
        main(replay_batch, [str(tmp_path / 'record.pth')])


@pytest.mark.parametrize('content', [
    [1, 2], dict(meta=3), dict(meta=dict(epoch=1)), dict(meta=dict(epoch='1', iter=2)), {}])
@pytest.mark.parametrize('named', [True, False])
def test_what_is_no_state_of_a_training(tmp_path, tiny_config, weights, content, named):
    """Weights alone cannot be gone on from."""
    if isinstance(content, dict):
        content = dict(content, state_dict=weights)
    path = tmp_path / 'epoch_1.pth'
    torch.save(content, path)
    (tmp_path / 'last_checkpoint').write_text(str(path))
    with pytest.raises(UserError, match='epoch_1.pth'):
        main(train, [str(tiny_config), '--work-dir', str(tmp_path), '--resume',
                    *([str(path)] if named else [])])
