"""Faults that would train quietly: wrong sizes, repeated boxes, another split; and who checks."""
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmdet.datasets import CocoDataset
from PIL import Image

from fcos_mm.datasets import checks
from fcos_mm.datasets.checks import boxes, check_config_data, headers, splits
from fcos_mm.datasets.checks.source import CocoSource
from fcos_mm.errors import UserError


@pytest.fixture
def messages(monkeypatch):
    """What is warned of, in order."""
    found = []
    monkeypatch.setattr(checks.config, '_warn', found.append)
    return found


def source_of(path, test_mode=False):
    return CocoSource(key='train_dataloader.dataset', ann_file=str(path), image_folder='',
                      classes=('cup', ), classes_given=True, test_mode=test_mode, filter_cfg={},
                      local=True)


class TestImageSizes:

    @pytest.mark.parametrize('width, height', [(40, 60), (61, 40)])
    def test_another_size_than_annotated(self, folder, width, height):
        cfg = folder.write()
        path = folder.root / 'images' / '2.png'
        cv2.imwrite(str(path), np.zeros((height, width, 3), np.uint8))
        with pytest.raises(UserError) as caught:
            check_config_data(cfg, 'train')
        message = str(caught.value)
        assert '1 of 2 images looked at have another size' in message
        assert (f'{path} is {width} x {height}, its annotation (image id 2) says 60 x 40'
                in message)

    @pytest.mark.parametrize('orientation', range(1, 9))
    @pytest.mark.parametrize('suffix', ['.jpg', '.png', '.webp', '.bmp'])
    def test_size_is_that_of_the_loaded_image(self, tmp_path, orientation, suffix):
        """The loader turns an image as its EXIF data say."""
        path = tmp_path / f'a{suffix}'
        exif = Image.Exif()
        exif[274] = orientation
        Image.new('RGB', (60, 40)).save(path, exif=exif)
        height, width = cv2.imread(str(path), cv2.IMREAD_COLOR).shape[:2]
        assert headers.image_size(str(path)) == (width, height)

    def test_image_without_a_header(self, folder, messages):
        cfg = folder.write()
        (folder.root / 'images' / '2.png').write_bytes(b'hello')
        check_config_data(cfg, 'train')
        train, val = messages
        assert '1 of 2 images looked at have no readable header' in train and '2.png' in train
        assert 'the next image stands in' in train and 'A test stops' in val

    def test_large_data_are_sampled_evenly(self, monkeypatch):
        looked_at = []
        monkeypatch.setattr(headers, 'image_size',
                            lambda path: looked_at.append(int(path)) or (6, 4))
        images = [dict(id=index, file_name=str(index), width=6, height=4)
                  for index in range(4 * headers.SAMPLE)]
        headers.check_image_sizes(source_of('a.json'), images, None)
        assert looked_at == list(range(0, 4 * headers.SAMPLE, 4))


class TestRepeatedBoxes:

    def test_counted_and_named(self, folder, messages):
        first = folder.data['annotations'][0]
        folder.data['annotations'] += [
            dict(first, id=5), dict(first, id=6), dict(first, id=7, image_id=2),
            dict(first, id=8, category_id=30), dict(first, id=9, bbox=[5, 6, 20, 10.5])]
        cfg = folder.write()
        check_config_data(cfg, 'train')
        train, val = messages
        assert '2 of 9 boxes repeat an earlier box' in train
        assert '1.png: annotation 5, bbox [5, 6, 20, 10]' in train and 'annotation 6' in train
        assert 'annotation 7' not in train and 'annotation 1,' not in train
        assert 'Of equal boxes one is learned.' in train
        assert 'Of two equal objects a detector finds one.' in val

    @settings(deadline=None, max_examples=60)
    @given(st.lists(st.tuples(*[st.integers(1, 2)] * 6), max_size=12))
    def test_as_by_looking_at_all_pairs(self, rows):
        data = dict(
            images=[dict(id=index, file_name=f'{index}.png') for index in (1, 2)],
            categories=[dict(id=1), dict(id=2)],
            annotations=[dict(id=index, image_id=image, category_id=category, bbox=box, area=1)
                         for index, (image, category, *box) in enumerate(rows)])
        found = []
        if rows:
            boxes._warn_repeated(source_of('a.json'), data, found.append,
                                       np.array([row[2:] for row in rows], dtype=float))
        expected = [index for index, row in enumerate(rows) if row in rows[:index]]
        assert len(found) == bool(expected)
        if expected:
            assert f'{len(expected)} of {len(rows)} boxes repeat' in found[0]
            assert f'annotation {expected[0]},' in found[0]


class TestSplits:

    @pytest.mark.parametrize('name, number, words', [
        ('instances_val2017', 4999, ["COCO's val2017 has 5,000", 'has 4,999.']),
        ('instances_train2017', 5000, ['train2017 has 118,287',
                                       "as many as COCO's val2017 and minival and minival2014"]),
        ('instances_minival2014', 40504, ['minival2014 has 5,000', 'has 40,504',
                                          "as many as COCO's val2014"]),
        ('image_info_test-dev2017', 40670, ['test-dev2017 has 20,288', "COCO's test2017"]),
        ('minival', 1, ['minival has 5,000']),
    ])
    def test_another_number_of_images(self, name, number, words):
        found = []
        data = dict(images=[None] * number)
        splits.check_split_size(source_of(f'data/{name}.json'), data, found.append)
        message, = found
        assert all(word in message for word in words) and f'data/{name}.json' in message
        assert 'cannot be compared' in message

    @pytest.mark.parametrize('name, number', [
        ('instances_val2017', 5000), ('instances_train2017', 118287),
        ('image_info_test-dev2017', 20288), ('instances_minival2014', 5000),
        ('instances_val2017_small', 9), ('ann', 2), ('val2018', 3)])
    def test_nothing_to_say(self, name, number):
        found = []
        splits.check_split_size(source_of(f'{name}.json'), dict(images=[None] * number),
                                found.append)
        assert found == []

    def test_it_is_part_of_the_check(self, folder, messages):
        cfg = folder.write()
        (folder.root / 'ann.json').rename(folder.root / 'instances_val2017.json')
        for loader in (cfg.train_dataloader, cfg.val_dataloader):
            loader.dataset.ann_file = 'instances_val2017.json'
        cfg.val_evaluator.ann_file = str(folder.root / 'instances_val2017.json')
        check_config_data(cfg, 'train')
        assert [message.split(' (')[0] for message in messages] == [
            'train_dataloader.dataset', 'val_dataloader.dataset']


@pytest.mark.parametrize('name', ['LOCAL_RANK', 'SLURM_LOCALID', 'OMPI_COMM_WORLD_LOCAL_RANK'])
def test_one_process_of_a_machine_checks(folder, monkeypatch, name):
    cfg = folder.write()
    (folder.root / 'ann.json').write_text('[]')
    monkeypatch.setenv(name, '1')
    check_config_data(cfg, 'train')
    monkeypatch.setenv(name, '0')
    with pytest.raises(UserError, match='not in COCO format'):
        check_config_data(cfg, 'train')


def test_repeated_boxes_are_kept_by_the_dataset(folder):
    """What the warning says: nothing is dropped."""
    folder.data['annotations'].append(dict(folder.data['annotations'][0], id=5))
    dataset = dict(folder.write().train_dataloader.dataset)
    dataset.pop('type')
    assert len(CocoDataset(**dataset).get_data_info(0)['instances']) == 3
