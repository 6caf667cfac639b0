"""What has one remedy is mended in a copy, once and for all."""
import copy
import json
import shutil
from pathlib import Path

import cv2
import pytest

from fcos_mm.datasets.labelled import splits_of_source
from fcos_mm.datasets.mending.mend import mend, write_mended
from fcos_mm.datasets.problems.find import find_problems
from fcos_mm.datasets.problems.pictures import read_pictures
from fcos_mm.datasets.sources import recognise
from fcos_mm.errors import UserError

#: What cannot be mended, or has nothing to do with it, in a small dataset.
LEFT = {'few_boxes', 'unlisted', 'without_boxes', 'thin'}


def mended(dataset):
    """The mended splits by name, and the number of changes by kind."""
    splits = dataset.splits()
    before = copy.deepcopy([split.data for split in splits])
    done, changes = mend(splits, read_pictures(splits))
    assert [split.data for split in splits] == before
    assert mend(done, read_pictures(done))[1] == []
    left = find_problems(done, read_pictures(done))
    assert {problem.kind for problem in left} <= LEFT
    return ({split.name: split.data for split in done},
            {(change.split, change.what): len(change.cases) for change in changes})


def test_nothing_to_mend(dataset):
    data, changes = mended(dataset)
    assert (data, changes) == (dataset.data, {})


def test_boxes_are_cut(dataset):
    dataset.boxes[0].update(bbox=[-4, 50, 24, 20], area=480)
    dataset.boxes[3].update(bbox=[80.5, 3, 40, 6.25], area=250)
    data, changes = mended(dataset)
    assert changes == {('train', 'boxes clipped to their image'): 2}
    first, fourth = data['train']['annotations'][0], data['train']['annotations'][3]
    assert (first['bbox'], first['area']) == ([0, 50, 20, 14], 280)
    assert (fourth['bbox'], fourth['area']) == ([80.5, 3, 15.5, 6.25], 96.875)


def test_the_area_of_a_mask_stays(dataset):
    dataset.boxes[0].update(bbox=[-4, 50, 24, 20], area=100, segmentation=[[0, 50, 20, 50, 20, 60]])
    data, _ = mended(dataset)
    assert data['train']['annotations'][0]['area'] == 100


def test_boxes_of_no_use_are_dropped(dataset):
    dataset.boxes[0]['bbox'] = [5, 5, 0, 9]
    dataset.boxes[1]['bbox'] = [96, 5, 10, 9]
    dataset.boxes.append(dict(dataset.boxes[4], id=99))
    data, changes = mended(dataset)
    assert changes == {('train', 'boxes without area or outside their image dropped'): 2,
                       ('train', 'repeated boxes dropped'): 1}
    assert [box['id'] for box in data['train']['annotations']] == [*range(3, 31)]


@pytest.mark.parametrize('spoil', [
    lambda x, y, w, h: [x / 96, y / 64, w / 96, h / 64],
    lambda x, y, w, h: [x, y, x + w, y + h]])
def test_another_form(dataset, spoil):
    right = [box['bbox'] for box in dataset.boxes]
    for box in dataset.boxes:
        box['bbox'] = spoil(*box['bbox'])
    data, changes = mended(dataset)
    assert changes == {('train', 'boxes converted to x, y, width, height in pixels'): 30}
    assert [box['bbox'] for box in data['train']['annotations']] == right


def test_sizes_of_images(dataset):
    first, second, third = dataset.images[:3]
    first.update(width=64, height=96)   # exchanged: the boxes are right
    second.update(width=192, height=128)  # resized: so are the boxes
    third.update(width=90, height=70)
    dataset.boxes[3]['bbox'] = [4, 6, 40, 40]
    data, changes = mended(dataset)
    assert changes == {('train', 'image sizes corrected'): 3}
    assert {(image['width'], image['height']) for image in data['train']['images']} == {(96, 64)}
    boxes = [box['bbox'] for box in data['train']['annotations']]
    assert boxes[:4] == [[2, 3, 20, 20], [40, 30, 30, 20.5], [80, 5, 10, 12], [2, 3, 20, 20]]


def test_boxes_that_do_not_fit_the_written_size_are_not_resized(dataset):
    """Only the size was written wrongly, or by another tool."""
    dataset.images[0].update(width=48, height=32)
    data, changes = mended(dataset)
    assert changes == {('train', 'image sizes corrected'): 1}
    assert data['train']['annotations'] == dataset.boxes


@pytest.mark.parametrize('ids', [[5, 5, 7], [0, 1, 2], [None, 3, 4]])
def test_ids_of_annotations(dataset, ids):
    for box, number in zip(dataset.boxes, ids):
        box['id'] = number
    data, _ = mended(dataset)
    assert [box['id'] for box in data['train']['annotations']] == [*range(1, 31)]


def test_images_without_a_file(dataset):
    (dataset.root / 'images' / 'train2.png').unlink()
    (dataset.root / 'images' / 'val3.png').write_bytes(b'no picture')
    data, changes = mended(dataset)
    assert changes == {('train', 'images without a readable file dropped'): 1,
                       ('val', 'images without a readable file dropped'): 1}
    assert [image['id'] for image in data['train']['images']] == [1, *range(3, 11)]
    assert {box['image_id'] for box in data['train']['annotations']} == {1, *range(3, 11)}


def test_leaks_are_taken_from_the_training_set(dataset):
    folder = dataset.root / 'images'
    shutil.copy(folder / 'val1.png', folder / 'train2.png')
    cv2.imwrite(str(folder / 'train4.png'), cv2.imread(str(folder / 'val3.png')) // 2)
    data, changes = mended(dataset)
    assert changes == {('train', 'images dropped that are also in another split'): 2}
    assert [image['id'] for image in data['train']['images']] == [1, 3, *range(5, 11)]
    assert data['val'] == dataset.data['val']


def test_entries_that_are_broken(dataset):
    dataset.boxes[0]['bbox'] = [1, 2, 3]
    dataset.boxes[1]['image_id'] = 555
    del dataset.boxes[2]['area'], dataset.boxes[2]['iscrowd']
    data, changes = mended(dataset)
    assert changes == {('train', 'unreadable entries dropped'): 2,
                       ('train', 'annotations completed'): 1}
    assert data['train']['annotations'][0] == dict(
        id=3, image_id=1, category_id=2, bbox=[80, 5, 10, 12], area=120, iscrowd=0)


def test_all_at_once(dataset):
    for box in dataset.boxes:
        x, y, width, height = box['bbox']
        box['bbox'] = [x, y, x + width, y + height]
    dataset.boxes[0].update(id=0, bbox=[-1.5, 3, 22, 23])
    dataset.boxes.append(dict(dataset.boxes[3]))
    dataset.images[4].update(width=64, height=96)
    shutil.copy(dataset.root / 'images' / 'val2.png', dataset.root / 'images' / 'train7.png')
    data, _ = mended(dataset)
    assert data['train']['annotations'][0]['bbox'] == [0, 3, 22, 20]
    assert len(data['train']['annotations']) == 27


def test_files(dataset, tmp_path):
    """A dataset elsewhere that is recognised and finds its images; the source is left alone."""
    splits = dataset.splits()
    paths = write_mended(splits, str(tmp_path / 'mended' / 'cups.json'))
    assert paths == [str(tmp_path / 'mended' / f'cups_{split}.json') for split in ('train', 'val')]
    again = splits_of_source(recognise(str(tmp_path / 'mended')))
    assert [split.name for split in again] == ['train', 'val']
    assert [split.faults for split in again] == [{}, {}]
    assert all(Path(path).is_file() for split in again for path in split.paths)


def test_beside_the_source_the_names_stay(dataset):
    splits = dataset.splits()
    write_mended(splits[:1], str(dataset.root / 'mended.json'))
    assert json.loads((dataset.root / 'mended.json').read_text()) == splits[0].data


def test_a_split_without_images_is_not_written(dataset, tmp_path):
    shutil.rmtree(dataset.root / 'images')
    splits = dataset.splits()
    done, _ = mend(splits, read_pictures(splits))
    with pytest.raises(UserError, match='train would have no images left'):
        write_mended(done, str(tmp_path / 'out.json'))
    assert not [*tmp_path.glob('out*')]


def test_an_output_that_is_no_json_file(dataset):
    with pytest.raises(UserError, match='--fix out.txt: .*must end in .json'):
        write_mended(dataset.splits(), 'out.txt')
