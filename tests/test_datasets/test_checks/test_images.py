"""Images that are missing, repeated or of another size, and splits of COCO."""
import cv2
import numpy as np
import pytest

from fcos_mm.datasets.checks import check_config_data, images
from fcos_mm.datasets.checks.annotations import CheckedData, CocoSource
from fcos_mm.faults import Note


def checked(path, entries):
    """A dataset of these images."""
    return CheckedData(CocoSource(key='train_dataloader.dataset', ann_file=path),
                       dict(images=entries))


def test_no_image_left_after_filtering(error_of, clean):
    clean.train_dataloader.dataset.filter_cfg.min_size = 41
    message = error_of(clean)
    assert 'no image is left' in message
    assert '2 are smaller than min_size=41' in message
    assert 'train_dataloader.dataset.filter_cfg' in message


def test_filter_is_not_used_in_test_mode(clean):
    clean.test_dataloader.dataset.filter_cfg.min_size = 41
    check_config_data(clean, 'test')


def test_all_images_without_boxes(error_of, folder):
    folder.data['annotations'] = []
    assert '2 have no box of the classes' in error_of(folder.write())


def test_no_images(error_of, folder):
    folder.data.update(images=[], annotations=[])
    assert "'images' is empty" in error_of(folder.write(), 'test')


@pytest.mark.parametrize('field, value', [
    ('iscrowd', 1), ('ignore', 1), ('bbox', [70, 50, 5, 5])])
def test_only_boxes_that_cannot_be_learned(error_of, folder, field, value):
    for box in folder.data['annotations']:
        box[field] = value
    assert 'no boxes to learn from' in error_of(folder.write())


def test_missing_image_folder(error_of, clean, tmp_path):
    clean.train_dataloader.dataset.data_prefix.img = 'pictures'
    message = error_of(clean)
    assert f"Image folder not found: {tmp_path / 'pictures'}" in message
    assert 'train_dataloader.dataset.data_prefix.img' in message


def test_missing_image_file(error_of, clean, tmp_path):
    (tmp_path / 'images' / '2.png').unlink()
    message = error_of(clean)
    assert '1 of 2 images are missing' in message
    assert str(tmp_path / 'images' / '2.png') in message


def test_images_in_subfolders(error_of, folder):
    (folder.root / 'images' / 'a').mkdir(parents=True)
    folder.data['images'][0]['file_name'] = 'a/1.png'
    cfg = folder.write()
    check_config_data(cfg, 'train')
    (folder.root / 'images' / 'a' / '1.png').unlink()
    assert 'a/1.png' in error_of(cfg)


def test_an_image_that_is_listed_twice_draws_a_warning(warnings_of, folder):
    folder.data['images'] += [dict(id=3, file_name='1.png', width=60, height=40),
                              dict(id=4, file_name='./1.png', width=60, height=40)]
    message, = warnings_of(folder.write(), 'test')
    assert '2 of 4 images use the file of an earlier one' in message
    assert 'image 3 and image 1: 1.png' in message and 'image 4 and image 1' in message


@pytest.mark.parametrize('width, height', [(40, 60), (61, 40)])
def test_another_size_than_annotated(folder, error_of, width, height):
    cfg = folder.write()
    path = folder.root / 'images' / '2.png'
    cv2.imwrite(str(path), np.zeros((height, width, 3), np.uint8))
    message = error_of(cfg)
    assert '1 of 2 checked images differ in size' in message
    assert (f'{path} is {width} x {height}, annotated (image id 2) as 60 x 40'
            in message)


def test_image_without_a_header(folder, warnings_of):
    cfg = folder.write()
    (folder.root / 'images' / '2.png').write_bytes(b'hello')
    train, val = warnings_of(cfg)
    assert '1 of 2 checked images have no readable header' in train and '2.png' in train
    assert 'with the next one' in train and 'Testing stops' in val


def test_large_data_are_sampled_evenly(monkeypatch):
    looked_at = []
    monkeypatch.setattr(images, 'image_size',
                        lambda path: looked_at.append(int(path)) or (6, 4))
    entries = [dict(id=index, file_name=str(index), width=6, height=4)
               for index in range(4 * images.SAMPLE)]
    assert list(images.image_sizes(checked('a.json', entries))) == []
    assert looked_at == list(range(0, 4 * images.SAMPLE, 4))


@pytest.mark.parametrize('name, number, words', [
    ('instances_val2017', 4999, ["COCO's val2017 has 5,000", 'has 4,999.']),
    ('instances_train2017', 5000, ['train2017 has 118,287',
                                   "like COCO's val2017 and minival and minival2014"]),
    ('instances_minival2014', 40504, ['minival2014 has 5,000', 'has 40,504',
                                      "like COCO's val2014"]),
    ('image_info_test-dev2017', 40670, ['test-dev2017 has 20,288', "COCO's test2017"]),
    ('minival', 1, ['minival has 5,000']),
])
def test_another_number_of_images(name, number, words):
    message, = images.split_size(checked(f'data/{name}.json', [None] * number))
    assert isinstance(message, Note)
    assert all(word in message for word in words) and f'data/{name}.json' in message
    assert 'cannot be compared' in message


@pytest.mark.parametrize('name, number', [
    ('instances_val2017', 5000), ('instances_train2017', 118287),
    ('image_info_test-dev2017', 20288), ('instances_minival2014', 5000),
    ('instances_val2017_small', 9), ('ann', 2), ('val2018', 3)])
def test_nothing_to_say(name, number):
    assert list(images.split_size(checked(f'{name}.json', [None] * number))) == []


def test_it_is_part_of_the_check(folder, warnings_of):
    cfg = folder.write()
    (folder.root / 'ann.json').rename(folder.root / 'instances_val2017.json')
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.dataset.ann_file = 'instances_val2017.json'
    cfg.val_evaluator.ann_file = str(folder.root / 'instances_val2017.json')
    assert [message.split(' (')[0] for message in warnings_of(cfg)] == [
        'train_dataloader.dataset', 'val_dataloader.dataset']
