"""``fcos-mm browse``: a page or files, of a config or a user's data."""
import json
import re

import cv2
import pytest

from fcos_mm.cli import browse
from fcos_mm.errors import UserError


def test_a_page_of_a_config(run, tiny_config, tmp_path):
    page = tmp_path / 'browse.html'
    _, screen = run(browse, tiny_config, '--images', 2, '--out', page)
    assert screen.endswith(f'written to {page}\n')
    text, numbers = page.read_text(), json.loads((tmp_path / 'browse.json').read_text())
    assert len(re.findall('href="data:image/jpeg', text)) == 2 * 4
    pictures = numbers['pictures']['pictures']
    assert [picture['boxes'] for picture in pictures] == [2, 2]
    summary = numbers['summary']
    assert summary['classes'] == {'cup': 2, 'jar': 2} and summary['boxes'] == 4
    assert summary['positives'] == sum(picture['positives'] for picture in pictures)
    assert sum(summary['levels'].values()) == summary['positives']
    assert summary['settings'] == dict(
        head='FCOSHead', augmented=True, strides=[8, 16, 32, 64, 128], radius=None,
        ranges=[[0, 64], [64, 128], [128, 256], [256, 512], [512, None]])
    assert 'file not found' not in text and str(tmp_path) not in text


def test_missed_boxes_are_listed(run, tiny_config, tiny_data, tmp_path):
    data = json.loads((tiny_data / 'train.json').read_text())
    data['annotations'][0]['bbox'] = [5, 5, 2, 3]  # the locations are at 4, 12, ...
    (tmp_path / 'train.json').write_text(json.dumps(data))
    page = tmp_path / 'page.html'
    run(browse, tiny_config, '--no-augmentation', '--names', 1, '--out', page, '--cfg-options',
        f'train_dataloader.dataset.ann_file={tmp_path / "train.json"}')
    missed, = json.loads(page.with_suffix('.json').read_text())['summary']['missed']
    assert (missed['picture'], missed['name'], missed['box']) == ('train_1.png', 'cup',
                                                                  [5, 5, 7, 8])
    assert 'missed: cup (falls between the locations' in page.read_text()


def test_png_files_of_a_folder(run, tiny_data, tmp_path):
    folder = tmp_path / 'pictures'
    _, screen = run(browse, tiny_data, '--names', 'train_1.png', '--png', folder,
                    '--cfg-options', 'levels=P3-P5')
    file, = folder.iterdir()
    assert file.name == '01_train_1.png' and cv2.imread(str(file)) is not None
    assert re.search(r'01_train_1\.png  train_1\.png, \d+ × \d+: 2 boxes; ', screen)
    assert '\nimage_size' in screen  # what train --data would choose
    assert '\nlevels' not in screen  # not what it would choose


def test_another_detector_shows_boxes_and_says_so(run, tiny_config, tmp_path):
    page = tmp_path / 'retina.html'
    head = 'model.bbox_head'
    _, screen = run(browse, tiny_config, '--images', 1, '--out', page, '--cfg-options',
                    f'{head}.type=mmdet.RetinaHead')
    assert 'The detector has RetinaHead, not FCOSHead' in screen
    assert 'RetinaHead, not FCOS' in page.read_text()
    summary = json.loads(page.with_suffix('.json').read_text())['summary']
    assert 'positives' not in summary and summary['boxes'] == 2


def test_classes_of_a_config_are_refused(run, tiny_config):
    with pytest.raises(UserError, match='--classes is for a folder'):
        run(browse, tiny_config, '--classes', 'cup')
