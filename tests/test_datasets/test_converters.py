"""VOC and YOLO labels become the expected COCO numbers; faults are counted."""
import json
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from fcos_mm.datasets import set_data_root
from fcos_mm.datasets.checks import check_config_data
from fcos_mm.datasets.converters import (
    CocoWriter,
    convert_voc,
    convert_yolo,
    read_class_names,
    voc_classes,
    voc_splits,
)
from fcos_mm.datasets.converters.coco import image_size
from fcos_mm.errors import UserError

PROJECT = Path(__file__).parents[2]
TOOLS = PROJECT / 'tools' / 'dataset_converters'


def write_image(path, width=60, height=40):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((height, width, 3), np.uint8))


class VocFolder:
    """A VOC dataset written image by image.

    Args:
        root: Its folder.
    """

    def __init__(self, root):
        self.root = root
        for name in ('Annotations', 'ImageSets/Main', 'JPEGImages'):
            (root / name).mkdir(parents=True)

    def add(self, split, name, objects, size=(60, 40), extra=''):
        write_image(self.root / 'JPEGImages' / f'{name}.jpg')
        items = ''.join(
            f'<object><name>{label}</name>{extra}<bndbox><xmin>{box[0]}</xmin><ymin>{box[1]}'
            f'</ymin><xmax>{box[2]}</xmax><ymax>{box[3]}</ymax></bndbox></object>'
            for label, box in objects)
        (self.root / 'Annotations' / f'{name}.xml').write_text(
            f'<annotation><size><width>{size[0]}</width><height>{size[1]}</height></size>'
            f'{items}</annotation>')
        self.list(split, name)

    def list(self, split, line):
        with open(self.root / 'ImageSets' / 'Main' / f'{split}.txt', 'a') as file:
            file.write(f'{line}\n')


@pytest.fixture
def voc(tmp_path):
    folder = VocFolder(tmp_path / 'voc')
    folder.add('train', 'b', [('jar', (1, 1, 60, 40)), ('cup', (10, 20, 30, 40))])
    folder.add('train', 'a', [('cup', (2, 3, 4, 5))])
    folder.add('test', 'c', [('pan', (5, 5, 9, 9))])
    return folder


def test_voc_numbers_and_ids_by_hand(voc):
    writer = convert_voc(str(voc.root), 'train', classes=['cup', 'jar'])
    assert [image['file_name'] for image in writer.images] == ['b.jpg', 'a.jpg']
    assert writer.images[0] == dict(id=1, file_name='b.jpg', width=60, height=40)
    assert writer.annotations == [
        dict(id=1, image_id=1, category_id=2, bbox=[1, 1, 59, 39], area=2301, iscrowd=0),
        dict(id=2, image_id=1, category_id=1, bbox=[10, 20, 20, 20], area=400, iscrowd=0),
        dict(id=3, image_id=2, category_id=1, bbox=[2, 3, 2, 2], area=4, iscrowd=0)]
    assert not writer.faults


def test_voc_one_based_pixels(voc):
    """Pixels 1..60 and 1..40, both ends inside, are the whole image."""
    writer = convert_voc(str(voc.root), 'train', classes=['cup', 'jar'], one_based=True)
    assert [box['bbox'] for box in writer.annotations] == [
        [0, 0, 60, 40], [9, 19, 21, 21], [1, 2, 3, 3]]


def test_voc_point_is_a_pixel_only_when_counted_from_one(voc):
    voc.add('train', 'd', [('cup', (7, 7, 7, 7))])
    writer = convert_voc(str(voc.root), 'train', classes=['cup', 'jar'])
    assert len(writer.annotations) == 3
    assert writer.faults == {
        'boxes skipped: no area': ['d.xml, object 1: box [7.0, 7.0, 7.0, 7.0]']}
    writer = convert_voc(str(voc.root), 'train', classes=['cup', 'jar'], one_based=True)
    assert writer.annotations[3]['bbox'] == [6, 6, 1, 1]


def test_voc_classes_are_those_of_all_splits(voc):
    assert voc_classes(str(voc.root)) == ['cup', 'jar', 'pan']


def test_voc_lists_about_one_class_are_no_splits(voc):
    voc.list('cup_train', 'a  1')
    assert voc_splits(str(voc.root)) == ['test', 'train']
    with pytest.raises(UserError, match=r"Not a split: .*cup_train.txt\n.*\['test', 'train'\]"):
        convert_voc(str(voc.root), 'cup_train', classes=['cup'])


def test_voc_difficult_objects_become_crowds(voc):
    voc.add('val', 'd', [('cup', (1, 2, 3, 4))], extra='<difficult>1</difficult>')
    writer = convert_voc(str(voc.root), 'val', classes=['cup'])
    assert writer.annotations[0]['iscrowd'] == 1
    assert list(writer.faults) == ['boxes marked difficult, written as crowd']


def test_voc_class_not_asked_for(voc):
    writer = convert_voc(str(voc.root), 'train', classes=['cup'])
    assert [box['category_id'] for box in writer.annotations] == [1, 1]
    assert writer.faults == {"boxes skipped: class 'jar' not asked for": ['b.xml, object 1']}


def test_voc_class_that_no_object_has(voc):
    with pytest.raises(UserError, match=r"called \['cop'\].*\n.*\['cup', 'jar', 'pan'\]"):
        convert_voc(str(voc.root), 'train', classes=['cup', 'cop'])


def _spoil_broken_xml(voc):
    (voc.root / 'Annotations' / 'a.xml').write_text('<annotation><object>')


def _spoil_no_xml(voc):
    (voc.root / 'Annotations' / 'a.xml').unlink()


def _spoil_no_image(voc):
    (voc.root / 'JPEGImages' / 'a.jpg').unlink()


def _spoil_not_an_image(voc):
    (voc.root / 'JPEGImages' / 'a.jpg').write_text('hello')


def _spoil_other_size(voc):
    write_image(voc.root / 'JPEGImages' / 'a.jpg', 40, 60)


@pytest.mark.parametrize('spoil, fault', [
    (_spoil_broken_xml, 'images skipped: broken XML'),
    (_spoil_no_xml, 'images skipped: no XML file in Annotations'),
    (_spoil_no_image, 'images skipped: not in JPEGImages'),
    (_spoil_not_an_image, 'images skipped: not an image'),
    (_spoil_other_size, 'images skipped: size in the XML file is not that of the image'),
])
def test_voc_image_that_is_skipped(voc, spoil, fault):
    spoil(voc)
    writer = convert_voc(str(voc.root), 'train', classes=['cup', 'jar'])
    assert [image['file_name'] for image in writer.images] == ['b.jpg']
    assert list(writer.faults) == [fault]
    assert 'a' in writer.faults[fault][0]


@pytest.mark.parametrize('size', [(0, 0), ('', '')])
def test_voc_size_left_open_is_taken_from_the_image(voc, size):
    voc.add('val', 'd', [('cup', (1, 2, 3, 4))], size=size)
    writer = convert_voc(str(voc.root), 'val', classes=['cup'])
    assert (writer.images[0]['width'], writer.images[0]['height']) == (60, 40)


@pytest.mark.parametrize('box, fault', [
    ((1, 2, '', 4), "boxes skipped: bndbox lacks a number of ('xmin', 'ymin', 'xmax', 'ymax')"),
    ((1, 2, 'x', 4), "boxes skipped: bndbox lacks a number of ('xmin', 'ymin', 'xmax', 'ymax')"),
    ((1, 2, 'nan', 4), 'boxes skipped: not a finite number'),
    ((1, 2, 'inf', 4), 'boxes skipped: not a finite number'),
    ((9, 2, 3, 4), 'boxes skipped: no area'),
    ((60, 2, 70, 4), 'boxes skipped: outside the image'),
])
def test_voc_box_that_is_skipped(voc, box, fault):
    voc.add('val', 'd', [('cup', box), ('cup', (1, 2, 3, 4))])
    writer = convert_voc(str(voc.root), 'val', classes=['cup'])
    assert list(writer.faults) == [fault] and 'd.xml, object 1' in writer.faults[fault][0]
    assert [box['bbox'] for box in writer.annotations] == [[1, 2, 2, 2]]


def test_box_is_cut_to_its_image():
    writer = CocoWriter(['cup'])
    writer.add_image('a.jpg', 60, 40)
    writer.add_box(0, (-5, 10, 70.25, 20.5), 'here')
    writer.add_box(0, (0, 0, 60.4, 40), 'rounding')
    assert [box['bbox'] for box in writer.annotations] == [[0, 10, 60, 10.5], [0, 0, 60, 40]]
    assert writer.annotations[0]['area'] == 630
    assert writer.faults == {
        'boxes cut to their image': ['here: box [-5, 10, 70.25, 20.5]']}


def test_summary_counts_and_shortens():
    writer = CocoWriter(['cup', 'jar'])
    writer.add_image('a.jpg', 60, 40)
    writer.add_box(1, (0, 0, 5, 5), 'good')
    for index in range(7):
        writer.add_box(0, (3, 3, 3, 3), f'bad {index}')
    lines = writer.summary().split('\n')
    assert lines[0] == '1 images, 1 boxes (cup 0, jar 1)'
    assert lines[1] == '  7 boxes skipped: no area:'
    assert lines[-1] == '    and 2 more' and len(lines) == 8


def test_nothing_converted_writes_nothing(tmp_path):
    writer = CocoWriter(['cup'])
    writer.fault('images skipped: broken XML', 'a.xml')
    with pytest.raises(UserError, match='no image could be converted(.|\n)*a.xml'):
        writer.write(str(tmp_path / 'out.json'))
    assert not (tmp_path / 'out.json').exists()


def test_image_turned_by_exif_has_the_sides_of_the_picture_shown(tmp_path):
    image = Image.new('RGB', (60, 40))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / 'a.jpg', exif=exif)
    width, height = image_size(str(tmp_path / 'a.jpg'))
    assert (width, height) == (40, 60)
    assert cv2.imread(str(tmp_path / 'a.jpg')).shape[:2] == (height, width)


@pytest.mark.parametrize('missing, expected', [
    ('Annotations', 'an XML file per image'), ('JPEGImages', 'the images'),
    ('ImageSets', 'a text file per split')])
def test_voc_folder_is_missing(voc, missing, expected):
    (voc.root / missing).rename(voc.root / 'other')
    with pytest.raises(UserError, match=f'Folder not found: .*{missing}(.|\n)*{expected}'):
        convert_voc(str(voc.root), 'train', classes=['cup'])


@pytest.fixture
def yolo(tmp_path):
    write_image(tmp_path / 'images' / 'a.jpg')
    write_image(tmp_path / 'images' / 'sub' / 'b.png', 100, 50)
    write_image(tmp_path / 'images' / 'empty.jpg')
    (tmp_path / 'labels' / 'sub').mkdir(parents=True)
    (tmp_path / 'labels' / 'a.txt').write_text('1 0.5 0.5 0.5 0.25\n\n0 0.1 0.2 0.2 0.4\n')
    (tmp_path / 'labels' / 'sub' / 'b.txt').write_text('0 0.5 0.5 1 1\n')
    return tmp_path


def read_yolo(root):
    return convert_yolo(str(root / 'images'), str(root / 'labels'), classes=['cup', 'jar'])


def test_yolo_numbers_and_ids_by_hand(yolo):
    """In 60x40: centre (30, 20), sides 30 and 10: corner (15, 15)."""
    writer = read_yolo(yolo)
    assert [(image['id'], image['file_name'], image['width'], image['height'])
            for image in writer.images] == [
                (1, 'a.jpg', 60, 40), (2, 'empty.jpg', 60, 40), (3, 'sub/b.png', 100, 50)]
    assert writer.annotations == [
        dict(id=1, image_id=1, category_id=2, bbox=[15, 15, 30, 10], area=300, iscrowd=0),
        dict(id=2, image_id=1, category_id=1, bbox=[0, 0, 12, 16], area=192, iscrowd=0),
        dict(id=3, image_id=3, category_id=1, bbox=[0, 0, 100, 50], area=5000, iscrowd=0)]
    assert writer.faults == {'images without a label file, taken as empty': ['empty.jpg']}


@pytest.mark.parametrize('line, fault', [
    ('0 0.5 0.5 0.5', 'boxes skipped: not 5 fields'),
    ('0 0.5 0.5 0.5 0.5 0.9', 'boxes skipped: not 5 fields'),
    ('cup 0.5 0.5 0.5 0.5', 'boxes skipped: not numbers'),
    ('0 0.5 0.5 0.5 x', 'boxes skipped: not numbers'),
    ('2 0.5 0.5 0.5 0.5', 'boxes skipped: class number not in 0..1'),
    ('-1 0.5 0.5 0.5 0.5', 'boxes skipped: class number not in 0..1'),
    ('0 30 20 30 10', 'boxes skipped: values not divided by the image size'),
    ('0 0.5 0.5 0 0.5', 'boxes skipped: no area'),
    ('0 nan 0.5 0.5 0.5', 'boxes skipped: not a finite number'),
])
def test_yolo_line_that_is_skipped(yolo, line, fault):
    (yolo / 'labels' / 'empty.txt').write_text(f'0 0.5 0.5 0.5 0.5\n{line}\n')
    writer = read_yolo(yolo)
    assert len(writer.annotations) == 4
    assert list(writer.faults) == [fault]
    assert writer.faults[fault][0].startswith(f"{yolo / 'labels' / 'empty.txt'}, line 2")


def test_yolo_box_over_the_edge_is_cut(yolo):
    (yolo / 'labels' / 'empty.txt').write_text('0 0 0.5 0.5 0.5\n')
    writer = read_yolo(yolo)
    assert writer.annotations[2]['bbox'] == [0, 10, 15, 20]
    assert list(writer.faults) == ['boxes cut to their image']


def test_yolo_folders_of_different_splits(yolo):
    (yolo / 'other').mkdir()
    with pytest.raises(UserError, match='No label file belongs to an image'):
        convert_yolo(str(yolo / 'images'), str(yolo / 'other'), classes=['cup'])
    with pytest.raises(UserError, match='No image in'):
        convert_yolo(str(yolo / 'other'), str(yolo / 'labels'), classes=['cup'])
    with pytest.raises(UserError, match='Folder not found'):
        convert_yolo(str(yolo / 'absent'), str(yolo / 'labels'), classes=['cup'])


@pytest.mark.parametrize('name, text', [
    ('names.txt', 'cup\njar\n\n'),
    ('data.yaml', 'names: [cup, jar]\nnc: 2\n'),
    ('data.yml', 'names:\n  0: cup\n  1: jar\n'),
])
def test_class_names(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert read_class_names(str(tmp_path / name)) == ['cup', 'jar']


def test_class_names_with_a_mark_of_utf_8(tmp_path):
    (tmp_path / 'names.txt').write_text('\ufeffcup\njar\n')
    assert read_class_names(str(tmp_path / 'names.txt')) == ['cup', 'jar']


def test_class_names_in_another_encoding(tmp_path):
    (tmp_path / 'names.txt').write_bytes('café\n'.encode('latin-1'))
    with pytest.raises(UserError, match='not UTF-8: .*names.txt'):
        read_class_names(str(tmp_path / 'names.txt'))


# 10 to the power of 9 names, by nested aliases
BILLION_NAMES = 'a0: &a0 [cup]\n' + ''.join(
    f'a{level}: &a{level} [{", ".join([f"*a{level - 1}"] * 10)}]\n' for level in range(1, 10)
) + 'names: *a9\n'


@pytest.mark.parametrize('name, text', [
    ('names.txt', ''), ('names.txt', 'cup\ncup\n'), ('data.yaml', 'nc: 2\n'),
    ('data.yaml', 'names: {1: cup, 2: jar}'), ('data.yaml', 'names: [cup'),
    ('data.yaml', 'names: {a: cup, 0: jar}'), ('data.yaml', 'names: [[cup], [jar]]'),
    ('data.yaml', 'names: [!!python/object/apply:os.mkdir [made]]'),
    ('data.yaml', BILLION_NAMES), ('data.yaml', '[' * 100000),
])
def test_class_names_that_cannot_be_used(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=str(tmp_path / name)):
        read_class_names(str(tmp_path / name))


@pytest.fixture
def run(monkeypatch, capsys):
    """A function that runs a tool: its exit status, output and errors."""

    def run_tool(name, *args):
        monkeypatch.setattr(sys, 'argv', [name, *map(str, args)])
        with pytest.raises(SystemExit) as done:
            runpy.run_path(str(TOOLS / name), run_name='__main__')
        return done.value.code, *capsys.readouterr()

    return run_tool


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
    assert status == 2 and f'{images} is there already and is a link' in err
    images.unlink()
    assert run('voc_to_coco.py', voc.root, '--out', tmp_path / 'out', '--copy-images')[0] == 0
    assert sorted(path.name for path in images.iterdir()) == ['a.jpg', 'b.jpg', 'c.jpg']
    assert not images.is_symlink()
    status, _, err = run('voc_to_coco.py', voc.root, '--out', tmp_path / 'out')
    assert status == 2 and f'{images} is there already and is not a link' in err


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
