"""A changed data root reaches datasets and metrics, and nothing else."""
from mmengine.config import Config

from fcos_mm.config import set_data_root

TEXT = '''
data_root = 'data/cells/'
pipeline = [dict(type='LoadImageFromFile'), dict(type='CopyPaste', scale=(1, 2))]
train_dataloader = dict(dataset=dict(type='RepeatDataset', dataset=dict(
    data_root=data_root, ann_file='a.json', pipeline=pipeline)))
val_dataloader = dict(dataset=dict(data_root='data/cells_2'))
val_evaluator = [dict(ann_file=data_root + 'b.json')]
test_evaluator = None
'''


def test_all_uses_move():
    cfg = Config.fromstring(TEXT, '.py')
    set_data_root(cfg, '/new')
    assert cfg.data_root == '/new'
    inner = cfg.train_dataloader.dataset.dataset
    assert inner.data_root == '/new/' and inner.ann_file == 'a.json'
    assert inner.pipeline[1].scale == (1, 2)
    assert cfg.val_evaluator[0].ann_file == '/new/b.json'
    assert cfg.val_dataloader.dataset.data_root == 'data/cells_2'
    assert cfg.test_evaluator is None
