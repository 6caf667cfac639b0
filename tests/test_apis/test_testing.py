"""The options of ``tools/test.py`` and the errors it knows."""
import pickle

import pytest

from fcos_mm.apis import test as testing
from fcos_mm.errors import UserError


def words(trained, *options):
    return [trained.config, trained.checkpoint, *options]


def test_figures_predictions_and_pictures(trained, run, tmp_path):
    out = tmp_path / 'predictions.pkl'
    figures, screen = run(testing.main, words(
        trained, '--work-dir', tmp_path, '--out', out, '--show-dir', 'drawn'))
    assert 0 <= figures['coco/bbox_mAP'] <= 1
    assert 'testing     2 images in batches of 1' in screen
    assert sum('Average Precision' in line for line in screen.splitlines()) == 6
    predictions = pickle.loads(out.read_bytes())
    assert [prediction['img_id'] for prediction in predictions] == [1, 2]
    assert all(len(prediction['pred_instances']['scores']) <= 5 for prediction in predictions)
    assert len(list(tmp_path.glob('*/drawn/*.png'))) == 2


def test_augmentation_by_default_merges_the_mirror_image(trained, run, tmp_path):
    figures, _ = run(testing.main, words(trained, '--work-dir', tmp_path, '--tta'))
    assert 0 <= figures['coco/bbox_mAP'] <= 1


def test_default_augmentation(trained):
    cfg = testing.make_config(testing.parse_args([str(word) for word in words(trained, '--tta')]))
    assert cfg.model.type == 'mmdet.DetTTAModel'
    assert cfg.model.module.type == 'fcos_mm.FCOS'
    flips, pack = cfg.test_dataloader.dataset.pipeline[-1].transforms
    assert [flip.prob for flip in flips] == [1.0, 0.0]
    assert 'flip_direction' in pack[0].meta_keys


def test_configured_augmentation_is_used(trained, tmp_path):
    path = tmp_path / 'own.py'
    path.write_text(f"_base_ = '{trained.config}'\n"
                    "tta_model = dict(type='DetTTAModel', tta_cfg=dict(max_per_img=7))\n"
                    "tta_pipeline = [dict(type='LoadImageFromFile')]\n")
    cfg = testing.make_config(testing.parse_args([str(path), 'a.pth', '--tta']))
    assert cfg.model.tta_cfg.max_per_img == 7
    assert len(cfg.test_dataloader.dataset.pipeline) == 1


def test_weights_of_another_model_are_not_tested(trained, tmp_path):
    with pytest.raises(UserError, match='does not fit the model'):
        testing.main([str(word) for word in words(
            trained, '--work-dir', tmp_path, '--cfg-options', 'model.bbox_head.stacked_convs=2')])


def test_missing_checkpoint(trained):
    with pytest.raises(UserError, match='There is no checkpoint none.pth'):
        testing.main([str(trained.config), 'none.pth'])


def test_out_must_be_a_pickle_file(trained):
    with pytest.raises(UserError, match='--out predictions.json'):
        testing.main([str(word) for word in words(trained, '--out', 'predictions.json')])


def test_drawing_needs_its_hook(trained, tmp_path):
    path = tmp_path / 'plain.py'
    path.write_text(f"_base_ = '{trained.config}'\ndefault_hooks = dict(_delete_=True)\n")
    with pytest.raises(UserError, match='default_hooks.visualization'):
        testing.main([str(path), str(trained.checkpoint), '--show-dir', 'drawn'])
