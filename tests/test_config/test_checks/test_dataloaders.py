"""Which settings datasets may have."""
import pytest
from mmengine.config import Config

from fcos_mm.config.checks.dataloaders import dataset_faults


def faults(**settings):
    dataset = dict(dict(type='CocoDataset', ann_file='a.json'), **settings)
    return dataset_faults(Config(dict(train_dataloader=dict(dataset=dataset))), 'train')


@pytest.mark.parametrize('settings', [
    dict(ann_file=''), dict(data_prefix={}), dict(data_root=None), dict(data_root='a'),
    dict(data_prefix=dict(img='a/', seg='b/')), dict(type='Unknown', ann_file=['a', 'b'])])
def test_settings_that_may_work(settings):
    assert faults(**settings) == []


def test_a_backslash_that_is_part_of_a_name(tmp_path):
    root = tmp_path / 'back\\slash'
    root.mkdir()
    (root / 'a.json').write_text('{}')
    assert faults(data_root=str(root)) == []
    said, = faults(data_root=str(tmp_path), ann_file='b\\a.json')
    assert r"ann_file is 'b\\a.json'" in said and "ann_file='b/a.json'" in said
