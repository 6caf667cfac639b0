"""The base config for small data: a child of four lines trains."""
import json

import pytest

from fcos_mm.cli import train
from fcos_mm.datasets.shapes import CLASSES

TEXT = '''
_base_ = 'fcos_mm::_base_/small_data.py'
data_root = '{root}/'
classes = {classes}
ann_files = dict(train='annotations/train.json', val='annotations/val.json')
image_dirs = dict(train='train/', val='val/')
'''
QUICK = ('train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False',
         'val_dataloader.num_workers=0', 'val_dataloader.persistent_workers=False',
         'model.backbone.init_cfg=None', 'allow_random_weights=True')


@pytest.fixture
def config(small_shapes, tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text(TEXT.format(root=small_shapes, classes=CLASSES))
    return path


def test_a_child_of_four_lines_trains(config, small_shapes, tmp_path, run):
    """Two steps of 8 of the 16 images: warm-up, then the middle of the cosine."""
    run(train, config, '--work-dir', tmp_path / 'work', '--cfg-options', 'epochs=1',
        'image_size=64', 'default_hooks.logger.interval=1', *QUICK)
    assert {path.name for path in (tmp_path / 'work').glob('*.pth')} == {
        'epoch_1.pth', 'best_coco_bbox_mAP_epoch_1.pth'}
    log = next((tmp_path / 'work').glob('*/vis_data/*.json')).read_text().splitlines()
    rates = [line['lr'] for line in map(json.loads, log) if 'lr' in line]
    assert rates == pytest.approx([1e-5, 5e-4])
    assert any('coco/disc_precision' in line for line in log)  # classwise
