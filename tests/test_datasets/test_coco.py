"""Our COCO dataset: mmdet's samples, one copy for all processes, no idle masks."""
import copy
import multiprocessing
import pickle

import numpy as np
import pytest
from mmdet.datasets import CocoDataset as MMDetCocoDataset
from mmengine.registry import DATASETS as ROOT
from mmengine.registry import DefaultScope
from torch.utils.data import DataLoader

from fcos_mm.datasets import CocoDataset, coco


@pytest.fixture
def settings(folder):
    """Arguments of a dataset of two images."""
    for annotation in folder.data['annotations']:
        annotation['segmentation'] = [[0, 0, 9, 0, 9, 9]]
    folder.write()
    return dict(ann_file=str(folder.root / 'ann.json'), metainfo=dict(classes=('cup', 'jar')),
                data_prefix=dict(img='images/'), pipeline=[])


def samples(dataset):
    return [dataset.get_data_info(index) for index in range(len(dataset))]


def test_plain_name_gives_this_dataset_in_our_scope(settings):
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        assert type(ROOT.build(dict(type='CocoDataset', **settings))) is CocoDataset
        assert type(ROOT.build(dict(type='mmdet.CocoDataset', **settings))) is MMDetCocoDataset


def test_samples_are_mmdets(settings):
    expected, dataset = MMDetCocoDataset(**settings), CocoDataset(**settings)
    assert samples(dataset) == samples(expected)
    assert dataset.metainfo == expected.metainfo
    assert dataset.cat2label == expected.cat2label and dataset.cat_ids == expected.cat_ids
    assert {key: list(ids) for key, ids in dataset.cat_img_map.items()} == expected.cat_img_map
    assert len(samples(expected)) == 2


def test_labels_follow_the_names_of_the_classes(settings):
    """mmdet's follow the file, and are named by the classes: every cup would be a jar."""
    labels = []
    for classes in (('cup', 'jar'), ('jar', 'cup')):
        dataset = CocoDataset(**{**settings, 'metainfo': dict(classes=classes)})
        labels.append([classes[instance['bbox_label']] for sample in samples(dataset)
                       for instance in sample['instances']])
    assert labels[0] == labels[1] and set(labels[0]) == {'cup', 'jar'}


@pytest.fixture
def ranks(monkeypatch):
    """As if every dataset were that of another rank of one machine; what they share."""
    shared = {}

    def share(load):
        if not shared:
            shared.update(load())
        return shared

    monkeypatch.setattr(coco, 'get_world_size', lambda: 2)
    monkeypatch.setattr(coco, 'share_between_ranks', share)
    return shared


def test_second_rank_does_not_read_the_file(settings, ranks, monkeypatch):
    first = CocoDataset(**settings)
    with monkeypatch.context() as patch:
        patch.setattr(MMDetCocoDataset, 'load_data_list', lambda self: 1 / 0)
        second = CocoDataset(**settings)
    assert samples(second) == samples(first) == samples(MMDetCocoDataset(**settings))
    assert second.cat2label == first.cat2label and second.cat_ids == first.cat_ids
    assert np.shares_memory(first.data_bytes, second.data_bytes)
    for key, ids in first.cat_img_map.items():
        assert ids.tolist() == second.cat_img_map[key].tolist()


@pytest.mark.parametrize('options', [dict(share_annotations=False), dict(serialize_data=False)])
def test_not_shared(settings, ranks, options):
    CocoDataset(**settings, **options)
    assert not ranks


@pytest.mark.parametrize('method', ['fork', 'spawn'])
def test_workers(settings, method):
    dataset = CocoDataset(**settings)
    expected = samples(dataset)
    loader = DataLoader(dataset, num_workers=1, collate_fn=_first,
                        multiprocessing_context=multiprocessing.get_context(method))
    assert list(loader) == expected


def _first(items):
    return items[0]


def test_subsets_and_copies(settings, ranks):
    dataset = CocoDataset(**settings)
    expected = samples(dataset)
    assert samples(dataset.get_subset([1]))[0]['img_id'] == 2
    assert samples(copy.deepcopy(dataset)) == samples(copy.copy(dataset)) == expected
    dataset.get_subset_([1])
    assert [sample['img_id'] for sample in samples(pickle.loads(pickle.dumps(dataset)))] == [2]


@pytest.mark.parametrize('pipeline, kept', [
    ([], True), ([dict(type='LoadAnnotations', with_bbox=True)], False),
    ([dict(type='LoadAnnotations', with_bbox=True, with_mask=True)], True)], ids=str)
def test_masks_that_nobody_loads_are_left_out(settings, pipeline, kept):
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        dataset = CocoDataset(**{**settings, 'pipeline': pipeline})
    instances = [item for sample in samples(dataset) for item in sample['instances']]
    assert len(instances) == 4
    assert all(('mask' in item) == kept for item in instances)
