"""Boxes that mmdet skips, and boxes that are there twice."""
from hypothesis import given, settings
from hypothesis import strategies as st
from mmdet.datasets import CocoDataset

from fcos_mm.datasets.checks.annotations import CheckedData, CocoSource
from fcos_mm.datasets.checks.boxes import repeated_boxes
from fcos_mm.faults import Note


def test_repairable_boxes_are_counted_and_mmdet_skips_them(folder, warnings_of):
    annotations = folder.data['annotations']
    for box in ([5, 5, 0, 5], [5, 5, 5, -1], [5, 5, .5, 9], [60, 0, 5, 5],
                [-9, 0, 9, 5], [-9, 0, 10, 5]):
        annotations.append(dict(
            id=len(annotations) + 1, image_id=2, category_id=10, bbox=box,
            iscrowd=0, area=abs(box[2] * box[3])))
    cfg = folder.write()
    cfg.pop('val_dataloader')
    area, outside, thin = warnings_of(cfg, 'train')
    assert '2 of 10 boxes have no area' in area
    assert '2.png: annotation 5, bbox [5, 5, 0, 5]' in area
    assert '2 of 10 boxes lie outside' in outside
    assert '1 of 10 boxes have a side below 1 pixel' in thin
    assert 'Training skips them' in area

    dataset = dict(cfg.train_dataloader.dataset)
    dataset.pop('type')
    samples = CocoDataset(**dataset)
    kept = [box['bbox'] for box in samples.get_data_info(1)['instances']]
    assert kept == [[50, 30, 58, 39], [1.5, 2.5, 4.5, 6.5], [-9, 0, 1, 5]]


def test_bad_boxes_of_test_data_stay_in_the_evaluation(warnings_of, folder):
    folder.data['annotations'][0]['bbox'] = [5, 5, 0, 5]
    folder.data['annotations'][1]['bbox'] = [5, 5, .5, 5]
    messages = warnings_of(folder.write(), 'test')
    assert len(messages) == 1
    assert '1 of 4 boxes have no area' in messages[0]
    assert 'The evaluation counts them' in messages[0]


def test_repeated_boxes_are_counted_and_named(folder, warnings_of):
    first = folder.data['annotations'][0]
    folder.data['annotations'] += [
        dict(first, id=5), dict(first, id=6), dict(first, id=7, image_id=2),
        dict(first, id=8, category_id=30), dict(first, id=9, bbox=[5, 6, 20, 10.5])]
    cfg = folder.write()
    train, val = warnings_of(cfg)
    assert '2 of 9 boxes duplicate an earlier box' in train
    assert '1.png: annotation 5, bbox [5, 6, 20, 10]' in train and 'annotation 6' in train
    assert 'annotation 7' not in train and 'annotation 1,' not in train
    assert 'Training uses only one of identical boxes.' in train
    assert 'A detector can find only one of two identical boxes.' in val


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(*[st.integers(1, 2)] * 6), max_size=12))
def test_repeated_as_by_looking_at_all_pairs(rows):
    data = dict(
        images=[dict(id=index, file_name=f'{index}.png') for index in (1, 2)],
        categories=[dict(id=1), dict(id=2)],
        annotations=[dict(id=index, image_id=image, category_id=category, bbox=box, area=1)
                     for index, (image, category, *box) in enumerate(rows)])
    source = CocoSource(key='train_dataloader.dataset', ann_file='a.json')
    found = list(repeated_boxes(CheckedData(source, data)))
    assert all(isinstance(message, Note) for message in found)
    expected = [index for index, row in enumerate(rows) if row in rows[:index]]
    assert len(found) == bool(expected)
    if expected:
        assert f'{len(expected)} of {len(rows)} boxes duplicate' in found[0]
        assert f'annotation {expected[0]},' in found[0]


def test_repeated_boxes_are_kept_by_the_dataset(folder):
    """What the warning says: nothing is dropped."""
    folder.data['annotations'].append(dict(folder.data['annotations'][0], id=5))
    dataset = dict(folder.write().train_dataloader.dataset)
    dataset.pop('type')
    assert len(CocoDataset(**dataset).get_data_info(0)['instances']) == 3
