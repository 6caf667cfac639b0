"""The life of a run: where its weights come from, a second run, a resumed one, a hang."""
import signal
import socket
from pathlib import Path

import pytest
import torch

from fcos_mm.checkpoints.fit import TakenWeights, check_checkpoint, read_state_dict
from fcos_mm.cli import train
from fcos_mm.engine.distributed.launch import launch_config
from fcos_mm.errors import UserError

RESNET = '''
model = dict(
    backbone=dict(_delete_=True, type='mmdet.ResNet', depth=18, frozen_stages=1, norm_eval=True,
                  norm_cfg=dict(type='BN', requires_grad=False), init_cfg={init_cfg}),
    neck=dict(in_channels=[64, 128, 256, 512], start_level=1))
'''
UNFROZEN = ('model.backbone.frozen_stages=-1 model.backbone.norm_eval=False '
            'model.backbone.norm_cfg.requires_grad=True')


class Started(Exception):
    """Training would begin now."""


@pytest.fixture
def start(run, monkeypatch, tmp_path):
    """``start(config, *words)``: what the screen shows until the first batch."""

    def stop(loop):
        raise Started

    def begin(config, *words):
        monkeypatch.setattr('fcos_mm.engine.resume.train_loops.EpochBasedTrainLoop.run_epoch', stop)
        words = words if '--work-dir' in words else [*words, '--work-dir', tmp_path / 'work']
        lines = []
        monkeypatch.setattr('logging.Logger.info', lambda logger, text, *_, **__: lines.append(
            str(text)))
        with pytest.raises(Started):
            run(train, config, '--skip-data-check', *words)
        return '\n'.join(lines)

    return begin


@pytest.fixture(scope='session')
def weights(short_run):
    return torch.load(short_run.checkpoint, weights_only=False)['state_dict']


def prefixed(weights, prefix):
    return {f'{prefix}{name}': value for name, value in weights.items()}


WRAPPINGS = [
    ('model', lambda w: {'model': prefixed(w, 'model.')}),
    ('torch.compile and DDP', lambda w: prefixed(w, '_orig_mod.module.')),
    ("Lightning's", lambda w: {'state_dict': prefixed(w, 'model.'), 'epoch': 3}),
    ("mmengine's EMA alone", lambda w: {'ema_state_dict': {
        **prefixed(w, 'module.'), 'steps': torch.tensor(3)}}),
    ("timm's EMA", lambda w: {'state_dict_ema': w}),
    ("RT-DETR's EMA", lambda w: {'ema': {'module': w, 'updates': 3}, 'optimizer': {'state': {}}}),
    ('ema_ before every name', lambda w: prefixed(w, 'ema_')),
    ('a teacher beside a smaller student', lambda w: {
        **prefixed(w, 'teacher.'), 'student.backbone.x': torch.zeros(1)}),
]


@pytest.mark.parametrize('wrap', [pytest.param(wrap, id=name) for name, wrap in WRAPPINGS])
def test_wrapped_weights_are_those_of_the_model(wrap, weights, tmp_path):
    """For test, detect and resume, which look with check_checkpoint, and for mmengine's loading."""
    from mmengine.runner.checkpoint import load_checkpoint
    path = str(tmp_path / 'wrapped.pth')
    torch.save(wrap(weights), path)
    model = model_of(weights)
    check_checkpoint(path, model)
    load_checkpoint(model, path)
    assert all(value.equal(weights[name]) for name, value in model.state_dict().items())


def model_of(weights):
    """Modules with the names of the weights, all zero."""
    model = torch.nn.Module()
    for name, value in weights.items():
        module, (*path, last) = model, name.split('.')
        for part in path:
            if not hasattr(module, part):
                module.add_module(part, torch.nn.Module())
            module = getattr(module, part)
        module.register_buffer(last, torch.zeros_like(value))
    return model


def backbone(weights):
    return {name: value for name, value in weights.items() if name.startswith('backbone.')}


@pytest.mark.parametrize('change, taken', [
    pytest.param(lambda w: w, 'taken 208 of 208 tensors from F', id='all of it'),
    pytest.param(backbone, 'taken 175 of 208 tensors from F\nnot taken: neck (12 not in the file), '
                 'bbox_head (21 not in the file)', id='a whole backbone'),
    pytest.param(lambda w: {**w, 'bbox_head.conv_reg.weight': torch.zeros(4, 8, 3, 3)},
                 'taken 207 of 208 tensors from F\nnot taken: conv_reg (4 x 8 x 3 x 3, now 4 x 64 '
                 'x 3 x 3)', id='a layer of another size')])
def test_enough_weights_are_taken(change, taken, weights):
    found = TakenWeights('F', change(weights), model_of(weights))
    assert str(found) == taken
    found.check_most()


@pytest.mark.parametrize('change, number', [
    pytest.param(lambda w: prefixed(w, 'x'), 0, id='other names'),
    pytest.param(lambda w: {name: value for name, value in w.items() if name not in backbone(w)},
                 33, id='a head and no backbone'),
    pytest.param(lambda w: {name[9:]: value for name, value in backbone(w).items()}, 0,
                 id='a backbone that is not called so')])
def test_few_weights_are_refused(change, number, weights):
    with pytest.raises(UserError, match=rf'(?s)^load_from: taken {number} of 208 tensors .*'
                       'init_cfg=dict.*allow_random_weights=True$') as error:
        TakenWeights('F', change(weights), model_of(weights)).check_most()
    assert str(error.value).count('\n') < 5


def test_fine_tuning_on_other_classes(start, write_config, short_run):
    screen = start(write_config('model = dict(bbox_head=dict(num_classes=2))\n'
                                f"load_from = '{short_run.checkpoint}'"))
    assert (f'taken 206 of 208 tensors from {short_run.checkpoint}\nnot taken: conv_cls (6 classes,'
            ' now 2)') in screen


def test_load_from_a_checkpoint_of_which_nothing_fits(run, write_config, weights, tmp_path):
    torch.save(prefixed(weights, 'x'), tmp_path / 'other.pth')
    with pytest.raises(UserError, match='load_from: taken 0 of 208 tensors'):
        run(train, write_config(f"load_from = '{tmp_path / 'other.pth'}'"),
            '--skip-data-check', '--work-dir', tmp_path / 'work')


def test_frozen_random_layers_are_refused_with_the_command_that_mends_it(
        run, start, write_config, tmp_path):
    config = write_config(RESNET.format(init_cfg=None))
    with pytest.raises(UserError, match='Frozen layers were never loaded and stay random: '
                       r'backbone\.bn1') as error:
        run(train, config, '--skip-data-check', '--work-dir', tmp_path / 'work')
    text = str(error.value)
    assert text.count('\n') < 5
    options = text.split('--cfg-options ')[1].split('\n')[0]
    assert options == UNFROZEN
    start(config, '--cfg-options', *options.split())


def test_missing_pretrained_weights_come_with_the_whole_command(run, write_config, tmp_path):
    config = write_config(RESNET.format(init_cfg=dict(type='Pretrained', checkpoint='none.pth')))
    with pytest.raises(UserError, match='Pretrained weights cannot be loaded: ') as error:
        run(train, config, '--skip-data-check', '--work-dir', tmp_path / 'work')
    assert str(error.value).split('--cfg-options ')[1] == f'model.backbone.init_cfg=None {UNFROZEN}'


@pytest.fixture
def finished(short_run, tmp_path):
    """The work dir of a finished run, with its best checkpoint and a file of the user's."""
    folder = tmp_path / 'work'
    folder.mkdir()
    for name in ('epoch_1.pth', 'best_coco_bbox_mAP_epoch_1.pth'):
        (folder / name).write_bytes(short_run.checkpoint.read_bytes())
    (folder / 'last_checkpoint').write_text(str(folder / 'epoch_1.pth'))
    (folder / 'best_of_mine.pth').touch()
    return folder


def test_a_second_run_in_a_work_dir_is_refused(short_run, finished, run):
    with pytest.raises(UserError) as error:
        run(train, short_run.config, '--work-dir', finished)
    assert str(error.value).splitlines() == [
        f'{finished} holds the checkpoints of a finished run (epoch 1 of 1, last checkpoint '
        'epoch_1.pth). A second run would mix with it.',
        '--resume continues it; --overwrite removes its checkpoints and starts from the '
        'beginning;', f'--work-dir {finished}_2 keeps both.']
    assert len(list(finished.iterdir())) == 4


def test_overwrite_removes_the_run_and_nothing_else(short_run, finished, start):
    start(short_run.config, '--work-dir', finished, '--overwrite')
    assert {path.name for path in finished.iterdir() if path.suffix != '.py' and path.is_file()
            } == {'best_of_mine.pth', 'started'}


@pytest.mark.parametrize('words, message', [
    (['--overwrite', '--resume'], 'give one of them'),
    (['--overwrite', '--cfg-options', 'load_from={}/epoch_1.pth'], '--overwrite would remove'),
    (['--overwrite', '--cfg-options', 'model.neck.num_outs=three'], '.'),
    (['--resume', '--cfg-options', 'train_cfg.max_epochs=3'],
     r'comes from a run with max_epochs=1, whose learning rate schedule ends there: it would stay '
     r'at 0\.'
     r'(?s:.)*--load-from \S*epoch_1.pth --cfg-options train_cfg.max_epochs=2')])
def test_nothing_is_removed_by_a_command_that_cannot_work(words, message, short_run, finished, run):
    with pytest.raises(Exception, match=message):
        run(train, short_run.config, '--work-dir', finished,
            *(word.format(finished) for word in words))
    assert (finished / 'best_coco_bbox_mAP_epoch_1.pth').exists()
    assert (finished / 'last_checkpoint').exists()


def test_a_restarted_run_goes_on_whatever_it_was_started_with(short_run, finished, run,
                                                              monkeypatch):
    """By torch's agent or Slurm, with the words of the first start."""
    monkeypatch.setenv('SLURM_RESTART_COUNT', '1')
    run(train, short_run.config, '--work-dir', finished, '--overwrite')
    assert (finished / 'best_coco_bbox_mAP_epoch_1.pth').exists()


def test_a_metric_that_forks_processes_does_not_hang(write_config, run, tmp_path):
    """mmdet's ends its pool with a signal that training listens to."""

    def give_up(number, frame):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(90)
    try:
        done = run(train, write_config(
            "val_evaluator = dict(_delete_=True, type='mmdet.VOCMetric', metric='mAP')\n"
            'train_cfg = dict(max_epochs=2, val_interval=1)'), '--work-dir', tmp_path / 'work')
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert done.screen.count('pascal_voc/mAP') == 2


@pytest.mark.parametrize('name', ['PORT', 'MASTER_PORT'])
def test_a_port_in_use_is_named(name):
    with socket.create_server(('', 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf'^Port {port} cannot be used .*in use\)\. Set {name} '
                           rf'to a free port, for example {name}=\d+\.$'):
            launch_config({name: str(port)}, 2, 0)


def test_names_in_a_checkpoint_are_left_alone_where_they_fit(tmp_path):
    path = str(Path(tmp_path, 'a.pth'))
    torch.save({'model.a': torch.zeros(2), 'a': torch.zeros(3)}, path)
    assert set(read_state_dict(path)) == {'model.a', 'a'}
