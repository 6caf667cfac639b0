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

from fcos_mm.datasets import CocoDataset, coco, shared_memory

SHARED = dict(share_annotations=True)


@pytest.fixture
def settings(folder, tmp_path, monkeypatch):
    """Arguments of a dataset of two images; shared files go to ``tmp_path``."""
    for annotation in folder.data['annotations']:
        annotation['segmentation'] = [[0, 0, 9, 0, 9, 9]]
    folder.write()
    monkeypatch.setattr(shared_memory, 'parents', lambda: [str(tmp_path)])
    return dict(ann_file=str(folder.root / 'ann.json'), metainfo=dict(classes=('cup', 'jar')),
                data_prefix=dict(img='images/'), pipeline=[])


def samples(dataset):
    return [dataset.get_data_info(index) for index in range(len(dataset))]


def files(tmp_path):
    return [path for path in tmp_path.glob('fcos_mm-*/*')]


def test_plain_name_gives_this_dataset_in_our_scope(settings):
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        assert type(ROOT.build(dict(type='CocoDataset', **settings))) is CocoDataset
        assert type(ROOT.build(dict(type='mmdet.CocoDataset', **settings))) is MMDetCocoDataset


def test_samples_are_mmdets(settings, tmp_path):
    expected = MMDetCocoDataset(**settings)
    for options in (SHARED, {}):
        dataset = CocoDataset(**settings, **options)
        assert samples(dataset) == samples(expected)
        assert dataset.metainfo == expected.metainfo
        assert dataset.cat2label == expected.cat2label and dataset.cat_ids == expected.cat_ids
        assert {key: list(ids) for key, ids in dataset.cat_img_map.items()} == expected.cat_img_map
    assert len(samples(expected)) == 2


def test_second_dataset_does_not_read_the_file(settings, monkeypatch, tmp_path):
    first = CocoDataset(**settings, **SHARED)
    monkeypatch.setattr(MMDetCocoDataset, 'load_data_list', lambda self: 1 / 0)
    second = CocoDataset(**settings, **SHARED)
    assert samples(second) == samples(first) and len(files(tmp_path)) == 1
    del first, second
    assert files(tmp_path) == []


@pytest.mark.parametrize('changed', [
    dict(test_mode=True), dict(indices=1), dict(indices=[1]), dict(data_prefix=dict(img='other/')),
    dict(filter_cfg=dict(min_size=1)), dict(metainfo=dict(classes=('jar', 'cup'))),
    dict(metainfo=dict(classes=('jar', ))), 'file'], ids=str)
def test_other_settings_are_not_mixed_up(settings, folder, changed):
    first = CocoDataset(**settings, **SHARED)
    if changed == 'file':
        changed = {}
        folder.data['annotations'].pop()
        folder.write()
    second = CocoDataset(**{**settings, **changed}, **SHARED)
    assert samples(second) == samples(CocoDataset(**{**settings, **changed}))
    assert samples(second) != samples(first) or changed in [dict(test_mode=True), dict(
        filter_cfg=dict(min_size=1))]
    assert len(samples(first)) == 2


def test_labels_follow_the_names_of_the_classes(settings):
    """mmdet's follow the file, and are named by the classes: every cup would be a jar."""
    labels = []
    for classes in (('cup', 'jar'), ('jar', 'cup')):
        dataset = CocoDataset(**{**settings, 'metainfo': dict(classes=classes)})
        labels.append([classes[instance['bbox_label']] for sample in samples(dataset)
                       for instance in sample['instances']])
    assert labels[0] == labels[1] and set(labels[0]) == {'cup', 'jar'}


def test_shared_by_default_between_ranks_only(settings, monkeypatch, tmp_path):
    dataset = CocoDataset(**settings)
    assert files(tmp_path) == []
    monkeypatch.setattr(coco, 'get_world_size', lambda: 2)
    CocoDataset(**settings, share_annotations=False)
    CocoDataset(**settings, serialize_data=False)
    assert files(tmp_path) == []
    shared = CocoDataset(**settings)
    assert len(files(tmp_path)) == 1
    assert samples(shared) == samples(dataset)


def test_without_a_place_the_file_is_read(settings, monkeypatch, tmp_path):
    monkeypatch.setattr(shared_memory, 'parents', lambda: ['/dev/null'])
    assert samples(CocoDataset(**settings, **SHARED)) == samples(MMDetCocoDataset(**settings))


def test_no_room_while_writing(settings, monkeypatch):
    def full(*args):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(shared_memory, '_write', full)
    lines = []
    monkeypatch.setattr(coco, 'print_log', lambda text, **_: lines.append(text))
    dataset = CocoDataset(**settings, **SHARED)
    assert samples(dataset) == samples(MMDetCocoDataset(**settings))
    assert len(lines) == 1 and 'No space left' in lines[0]


@pytest.mark.parametrize('method', ['fork', 'spawn'])
def test_workers(settings, method):
    dataset = CocoDataset(**settings, **SHARED)
    expected = samples(dataset)
    loader = DataLoader(dataset, num_workers=1, collate_fn=_first,
                        multiprocessing_context=multiprocessing.get_context(method))
    assert list(loader) == expected


def _first(items):
    return items[0]


def test_a_pickled_dataset_names_the_file(settings, tmp_path):
    """A few hundred bytes, not the annotations; it is read anew if they are gone."""
    dataset = CocoDataset(**settings, **SHARED)
    expected = samples(dataset)
    pickled = pickle.dumps(dataset)
    assert expected[0]['img_path'].encode() not in pickled
    again = pickle.loads(pickled)
    assert samples(again) == expected and np.shares_memory(again.data_bytes, again._shared.bytes)
    del dataset, again
    assert files(tmp_path) == []
    assert samples(pickle.loads(pickled)) == expected


def test_subsets_and_copies(settings):
    dataset = CocoDataset(**settings, **SHARED)
    expected = samples(dataset)
    assert samples(dataset.get_subset([1]))[0]['img_id'] == 2
    assert samples(copy.deepcopy(dataset)) == samples(copy.copy(dataset)) == expected
    dataset.get_subset_([1])
    assert [sample['img_id'] for sample in samples(pickle.loads(pickle.dumps(dataset)))] == [2]


@pytest.mark.parametrize('pipeline, kept', [
    ([], True), ([dict(type='LoadAnnotations', with_bbox=True)], False),
    ([dict(type='LoadAnnotations', with_bbox=True, with_mask=True)], True)], ids=str)
@pytest.mark.parametrize('options', [SHARED, {}], ids=str)
def test_masks_that_nobody_loads_are_left_out(settings, pipeline, kept, options):
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        dataset = CocoDataset(**{**settings, 'pipeline': pipeline}, **options)
    instances = [item for sample in samples(dataset) for item in sample['instances']]
    assert len(instances) == 4
    assert all(('mask' in item) == kept for item in instances)
