"""Datasets found through all wrappers."""
from fcos_mm.config.datasets import first_dataset, leaf_datasets, walk_datasets


def test_datasets_in_wrappers():
    leaves = [dict(type='CocoDataset', ann_file=name) for name in 'abc']
    repeated = dict(type='RepeatDataset', dataset=dict(type='ConcatDataset', datasets=leaves[1:]))
    dataset = dict(type='ConcatDataset', datasets=[leaves[0], repeated])
    assert list(leaf_datasets(dataset, 'd')) == [
        ('d.datasets.0', leaves[0]), ('d.datasets.1.dataset.datasets.0', leaves[1]),
        ('d.datasets.1.dataset.datasets.1', leaves[2])]
    assert ('d.datasets.1', repeated, (dataset, )) in walk_datasets(dataset, 'd')
    assert first_dataset(dict(dataset=dataset)) == leaves[0]
    assert first_dataset(None) == {} and first_dataset({}) == {}
