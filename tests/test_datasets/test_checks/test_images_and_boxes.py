"""Images that are missing or repeated, boxes that cannot be learned."""
import pytest
from mmdet.datasets import CocoDataset

from fcos_mm.datasets.checks import check_config_data


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
    assert 'no box to learn from' in error_of(folder.write())


def test_missing_image_folder(error_of, clean, tmp_path):
    clean.train_dataloader.dataset.data_prefix.img = 'pictures'
    message = error_of(clean)
    assert f"Image folder not found: {tmp_path / 'pictures'}" in message
    assert 'train_dataloader.dataset.data_prefix.img' in message


def test_missing_image_file(error_of, clean, tmp_path):
    (tmp_path / 'images' / '2.png').unlink()
    message = error_of(clean)
    assert '1 of 2 images are not there' in message
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
    assert '2 of 4 images have the file of an earlier one' in message
    assert 'image 3 and image 1: 1.png' in message and 'image 4 and image 1' in message


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
    assert 'The dataset skips them' in area

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
    assert 'stay in the evaluation' in messages[0]


@pytest.mark.parametrize('field', ['bbox', 'area'])
def test_whole_numbers_that_no_float_can_be(error_of, folder, field):
    folder.data['annotations'][0][field] = 10**400 if field == 'area' else [5, 6, 10**400, 10]
    assert 'annotation 1 (1.png) has bbox' in error_of(folder.write())


def test_images_larger_than_any(error_of, folder):
    folder.data['images'][0]['width'] = 10**12
    assert 'Write its true size' in error_of(folder.write())
