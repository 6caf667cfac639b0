"""What a user calls a model."""
import os
import shutil

import pytest
import torch

from fcos_mm.apis.trained_model import find_model
from fcos_mm.checkpoints.safe_loading import trust_checkpoints
from fcos_mm.cli import test
from fcos_mm.errors import UserError


@pytest.fixture
def work_dir(trained, tmp_path):
    """A copy of a work dir with a best checkpoint, to be changed."""
    copy = shutil.copytree(trained.work_dir, tmp_path / 'work_dirs' / 'mine')
    shutil.copy(copy / 'epoch_1.pth', copy / 'best_coco_bbox_mAP_epoch_1.pth')
    return copy


def test_a_work_dir_and_its_best_checkpoint(work_dir, trained):
    best, = work_dir.glob('best_*.pth')
    found = find_model(str(work_dir), options={'model.test_cfg.score_thr': 0.2})
    assert found.checkpoint == str(best) and found.note == f'{best} (the best checkpoint)'
    assert found.cfg.model.test_cfg.score_thr == 0.2
    assert found.cfg.work_dir == str(work_dir / 'test') and not found.cfg.resume
    best.unlink()
    found = find_model(str(work_dir))
    assert found.checkpoint == str(work_dir / 'epoch_1.pth')
    assert found.note.endswith('(the last checkpoint)')
    assert find_model(str(work_dir), str(trained.checkpoint)).checkpoint == str(trained.checkpoint)


def test_a_checkpoint_alone_and_a_config_with_weights(trained):
    alone = find_model(str(trained.checkpoint))
    with_config = find_model(str(trained.config), str(trained.checkpoint))
    assert alone.checkpoint == with_config.checkpoint == str(trained.checkpoint)
    assert alone.cfg.model == with_config.cfg.model
    assert alone.cfg.test_dataloader == with_config.cfg.test_dataloader


def test_a_shipped_config_by_its_name(trained):
    found = find_model('fcos_csp-w25_fpn_shapes', str(trained.checkpoint))
    assert found.note == f'{trained.checkpoint} with fcos_csp-w25_fpn_shapes'
    with pytest.raises(UserError, match="no model fcos_csp-w25_fpn. Did you mean 'fcos_csp-w25_"):
        find_model('fcos_csp-w25_fpn', str(trained.checkpoint))


@pytest.mark.parametrize('change, message', [
    (dict(meta={}), 'contains no config of its training.\nGive its config and this checkpoint'),
    (dict(meta=dict(cfg='import os')), 'could run code'),
    (dict(meta=dict(cfg='test_pipeline = [dict(type="os.mkdir")]')),
     "test_pipeline.0.type is 'os.mkdir', which is not registered"),
    (dict(meta=dict(cfg='custom_hooks = [dict(type="EMAHook", ema_type="os.mkdir")]')),
     'ema_type is'),
])
def test_checkpoints_whose_config_is_not_used(tmp_path, change, message):
    path = tmp_path / 'a.pth'
    torch.save({'state_dict': dict(weight=torch.zeros(1)), **change}, path)
    with pytest.raises(UserError, match=message):
        find_model(str(path))


def test_a_run_with_components_of_the_users_own(work_dir):
    """They are code: it runs for who trusts it, and where it is found."""
    best, = work_dir.glob('best_*.pth')
    content = torch.load(best, weights_only=False)
    content['meta']['cfg'] += "\ncustom_imports = dict(imports=['of_mine'])\n" \
                              "custom_hooks = [dict(type='of_mine.Hook')]\n"
    torch.save(content, best)
    with pytest.raises(UserError, match='custom_hooks.0.type is .*\n.* need --trust-checkpoint'):
        find_model(str(work_dir))
    trust_checkpoints(True)
    try:
        with pytest.raises(UserError, match='cannot be used here: .*of_mine.*\nGive its config'):
            find_model(str(work_dir))
    finally:
        trust_checkpoints(False)


@pytest.mark.parametrize('model, weights, message', [
    ('{root}', None, 'is not a work dir; it contains 2: {root}/mine, {root}/other.\nGive one of '),
    ('{root}/none', None, 'There is no model {root}/none'),
    ('{root}/empty', None, 'contains no checkpoint'),
    ('{root}/loose', None, 'contains checkpoints, but no training: {root}/loose/a.pth'),
    ('{root}/none.pth', None, 'Checkpoint not found: {root}/none.pth'),
    ('fcos_mm::a.py', None, 'is a config without weights'),
    ('fcos_csp-w25_fpn_shapes', None, 'is a config without weights'),
    ('none', 'b.pth', 'There is no model none'),
    ('a.pth', 'b.pth', 'are two checkpoints'),
    ('a.py', 'b.py', 'b.py is given as the checkpoint, but looks like a config'),
    ('none.py', 'b.pth', 'Config not found')])
def test_models_that_are_refused(work_dir, model, weights, message):
    root = work_dir.parent
    shutil.copytree(work_dir, root / 'other')
    for name in ('empty', 'loose'):
        os.mkdir(root / name)
    if model.endswith('loose'):
        (root / 'loose' / 'a.pth').touch()
    with pytest.raises(UserError) as raised:
        find_model(model.format(root=root), weights)
    assert message.format(root=root) in str(raised.value)
    assert '--' not in str(raised.value)  # test and report have no option of these names


def test_testing_a_work_dir(work_dir, trained, run):
    """The numbers are those of the validation; the training's files stay as they are."""
    best, = work_dir.glob('best_*.pth')
    kept = {path: path.read_bytes() for path in work_dir.glob('*.*')}
    metrics, screen = run(test, work_dir)
    assert f'model       {best} (the best checkpoint)' in screen
    validated = {name: f'{name}: {value:.4f}' for name, value in metrics.items()}
    assert len(validated) >= 6 and all(text in trained.log for text in validated.values())
    assert {path: path.read_bytes() for path in work_dir.glob('*.*')} == kept
    assert (work_dir / 'test').is_dir()


def test_an_exported_model_is_not_a_trained_one():
    with pytest.raises(UserError, match='model.onnx is an exported model, .*\nGive the work dir'):
        find_model('model.onnx')
