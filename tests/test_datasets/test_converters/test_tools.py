"""The tools as a user calls them; real data where there is some."""
import json
from pathlib import Path

import pytest
from mmengine.config import Config

from fcos_mm.config import set_data_root
from fcos_mm.datasets.checks import check_config_data
from fcos_mm.datasets.converters import convert_voc, voc_classes

PROJECT = Path(__file__).parents[3]


def test_voc_tool_writes_a_whole_dataset(run, voc, tmp_path):
    status, out, _ = run('voc_to_coco.py', voc.root, '--out', tmp_path / 'out')
    assert status == 0
    assert "classes = ('cup', 'jar', 'pan')" in out
    assert '2 images, 3 boxes (cup 2, jar 1, pan 0)' in out
    train = json.loads((tmp_path / 'out' / 'annotations' / 'train.json').read_text())
    assert [entry['name'] for entry in train['categories']] == ['cup', 'jar', 'pan']
    assert (tmp_path / 'out' / 'images' / train['images'][0]['file_name']).is_file()
    assert (tmp_path / 'out' / 'annotations' / 'test.json').is_file()


def test_voc_tool_links_or_copies_images(run, voc, tmp_path):
    images = tmp_path / 'out' / 'images'
    first = run('voc_to_coco.py', voc.root, '--out', tmp_path / 'out')[0]
    again = run('voc_to_coco.py', voc.root, '--out', tmp_path / 'out')[0]
    assert (first, again) == (0, 0) and images.is_symlink()
    status, _, err = run('voc_to_coco.py', voc.root, '--out', tmp_path / 'out', '--copy-images')
    assert status == 2 and f'{images} already exists and is a link' in err
    images.unlink()
    assert run('voc_to_coco.py', voc.root, '--out', tmp_path / 'out', '--copy-images')[0] == 0
    assert sorted(path.name for path in images.iterdir()) == ['a.jpg', 'b.jpg', 'c.jpg']
    assert not images.is_symlink()
    status, _, err = run('voc_to_coco.py', voc.root, '--out', tmp_path / 'out')
    assert status == 2 and f'{images} already exists and is not a link' in err


def test_voc_tool_writes_one_split(run, voc, tmp_path):
    args = ('voc_to_coco.py', voc.root, '--out', tmp_path / 'out.json')
    status, _, err = run(*args)
    assert status == 2 and "there are ['test', 'train']" in err
    assert run(*args, '--split', 'train', '--classes', 'jar')[0] == 0
    data = json.loads((tmp_path / 'out.json').read_text())
    assert [box['bbox'] for box in data['annotations']] == [[1, 1, 59, 39]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ['out.json', 'voc']


def test_voc_tool_names_the_mistake(run, voc, tmp_path):
    status, _, err = run('voc_to_coco.py', voc.root, '--split', 'dev', '--out',
                         tmp_path / 'out.json')
    assert status == 2 and 'Traceback' not in err
    assert "splits of this dataset are ['test', 'train']" in err


def test_yolo_tool(run, yolo):
    (yolo / 'names.txt').write_text('cup\njar\n')
    status, out, _ = run('yolo_to_coco.py', yolo / 'images', yolo / 'labels', '--classes',
                         yolo / 'names.txt', '--out', yolo / 'out.json')
    assert status == 0
    assert '3 images, 3 boxes (cup 2, jar 1)' in out
    assert len(json.loads((yolo / 'out.json').read_text())['annotations']) == 3


@pytest.mark.parametrize('name', ['voc_to_coco.py', 'yolo_to_coco.py'])
def test_help(run, name):
    status, out, _ = run(name, '--help')
    assert status == 0 and 'example' in out and '--classes' in out


def test_bccd(real_data):
    """4888 boxes in 364 images, two of them without area."""
    root = str(real_data / 'bccd')
    classes = voc_classes(root)
    assert classes == ['Platelets', 'RBC', 'WBC']
    writers = [convert_voc(root, split, classes=classes) for split in ('train', 'val', 'test')]
    assert [len(writer.images) for writer in writers] == [205, 87, 72]
    assert sum(len(writer.annotations) for writer in writers) == 4886
    faults = [case for writer in writers for case in writer.faults['boxes skipped: no area']]
    assert [case.split('.')[0] for case in faults] == ['BloodImage_00343', 'BloodImage_00338']


def test_bccd_config_fits_the_converted_data(run, real_data, tmp_path):
    assert run('voc_to_coco.py', real_data / 'bccd', '--out', tmp_path / 'bccd')[0] == 0
    for path in (PROJECT / 'configs' / 'bccd').glob('*.py'):
        cfg = Config.fromfile(str(path))
        set_data_root(cfg, str(tmp_path / 'bccd'))
        for mode in ('train', 'test'):
            check_config_data(cfg, mode)
