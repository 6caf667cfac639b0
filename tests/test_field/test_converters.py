"""Labels as annotation tools write them; the converters run as a user calls them."""
import json
import runpy
import sys
from pathlib import Path

import pytest
from PIL import Image

TOOLS = Path(__file__).resolve().parents[2] / 'tools' / 'dataset_converters'
XML = '''<annotation><object><name>{name}</name><bndbox><xmin>{0}</xmin><ymin>{1}</ymin>
<xmax>{2}</xmax><ymax>{3}</ymax></bndbox></object></annotation>'''


@pytest.fixture
def convert(monkeypatch, capsys):
    """``convert(tool, *words)``: exit status, output and errors."""

    def call(tool, *words):
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, words)])
        with pytest.raises(SystemExit) as done:
            runpy.run_path(str(TOOLS / tool), run_name='__main__')
        return done.value.code, *capsys.readouterr()

    return call


def write_image(path: Path, size=(60, 40)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new('RGB', size).save(path)


def boxes_of(path: Path) -> list:
    """(file name, category, box) of every annotation."""
    data = json.loads(path.read_text())
    files = {image['id']: image['file_name'] for image in data['images']}
    names = {entry['id']: entry['name'] for entry in data['categories']}
    return [(files[entry['image_id']], names[entry['category_id']], entry['bbox'])
            for entry in data['annotations']]


# In 60 x 40 the box 0.5 0.5 0.5 0.5 is 15, 10, 30, 20.
BOX = ('jar', [15, 10, 30, 20])
LABELS = {
    'mark of UTF-8': ('\ufeff1 0.5 0.5 0.5 0.5\n'.encode(), [BOX]),  # Windows' Notepad
    'UTF-16': ('1 0.5 0.5 0.5 0.5\n'.encode('utf-16'), [BOX]),  # PowerShell's `>`
    'ends of lines': (b'1 0.5 0.5 0.5 0.5\r\n\r\n', [BOX]),
    'tabs': (b'1\t0.5\t0.5\t0.5\t0.5', [BOX]),
    'polygon': (b'1 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n', [BOX]),  # segmentation labels
    'rotated box': (b'1 0.5 0.25 0.75 0.5 0.5 0.75 0.25 0.5\n', [BOX]),  # four points as well
    'box and polygon': (b'1 0.5 0.5 0.5 0.5\n0 0 0 0.5 0 0.5 0.5\n',
                        [BOX, ('cup', [0, 0, 30, 20])]),
    'class with decimals': (b'1.000000 0.5 0.5 0.5 0.5\n', [BOX]),  # written by NumPy
    'class by name': (b'jar 0.5 0.5 0.5 0.5\n', [BOX]),
    'score': (b'1 0.5 0.5 0.5 0.5 0.87\n', [BOX]),  # predictions used as labels
    'score in percent': (b'1 0.5 0.5 0.5 0.5 87\n', [BOX]),
}


@pytest.fixture
def yolo(tmp_path):
    write_image(tmp_path / 'images' / 'a.jpg')
    (tmp_path / 'labels').mkdir()
    (tmp_path / 'names.txt').write_text('cup\njar\n')
    return tmp_path


def convert_yolo(convert, root):
    return convert('yolo_to_coco.py', root / 'images', root / 'labels', '--classes',
                   root / 'names.txt', '--out', root / 'out.json')


@pytest.mark.parametrize('case', LABELS)
def test_yolo_labels_are_read(convert, yolo, case):
    content, expected = LABELS[case]
    (yolo / 'labels' / 'a.txt').write_bytes(content)
    status, out, err = convert_yolo(convert, yolo)
    assert (status, err) == (0, '')
    assert 'skipped' not in out
    assert boxes_of(yolo / 'out.json') == [('a.jpg', *box) for box in expected]


NO_BOXES = {
    'in pixels': ('0 30 20 10 10', '1 box skipped: values are not fractions of the image size'),
    'numbered from 1': ('2 0.5 0.5 0.5 0.5', '1 box skipped: class is neither a number in 0..1'),
    'commas': ('0,0.5,0.5,0.5,0.5', '1 box skipped: class is neither a number'),
    'empty': ('', 'no boxes found in 1 image'),
}


@pytest.mark.parametrize('case', NO_BOXES)
def test_a_conversion_without_a_box_is_an_error(convert, yolo, case):
    text, reason = NO_BOXES[case]
    (yolo / 'labels' / 'a.txt').write_text(text)
    status, _, err = convert_yolo(convert, yolo)
    assert status == 2
    assert 'out.json was not written: no boxes found in 1 image' in err and reason in err
    assert len(err.splitlines()) <= 4
    assert not (yolo / 'out.json').exists()


@pytest.mark.parametrize('bad, warned', [(1, False), (2, True)])
def test_many_skipped_boxes_end_in_a_warning(convert, yolo, bad, warned):
    """1 of 100 boxes is 1 %, 2 of 101 are more."""
    lines = ['1 0.5 0.5 0.5 0.5'] * 99 + ['1 0.5 0.5 0 0'] * bad
    (yolo / 'labels' / 'a.txt').write_text('\n'.join(lines))
    status, _, err = convert_yolo(convert, yolo)
    assert status == 0
    assert (f'{bad} of {99 + bad} boxes (2 %) were skipped' in err) == warned


def pascal(root, lists=True, folder='JPEGImages'):
    for name in 'ab':
        write_image(root / folder / f'{name}.jpg')
        (root / 'Annotations').mkdir(exist_ok=True)
        (root / 'Annotations' / f'{name}.xml').write_text(XML.format(1, 2, 11, 12, name='cup'))


def beside(root, *folders):
    for folder, name in zip(folders or ('', ''), 'ab'):
        write_image(root / folder / f'{name}.JPG')
        (root / folder / f'{name}.xml').write_text(XML.format(1, 2, 11, 12, name='cup'))


def listed(root, *lines):
    pascal(root)
    (root / 'ImageSets' / 'Main').mkdir(parents=True)
    (root / 'ImageSets' / 'Main' / 'train.txt').write_text('\n'.join(lines), 'utf-8-sig')


LAYOUTS = {
    # LabelImg beside a folder of images
    'no lists': (pascal, (), {'all': ['a.jpg', 'b.jpg']}),
    'no lists, images': (pascal, (False, 'images'), {'all': ['a.jpg', 'b.jpg']}),
    # LabelImg saving beside the images
    'beside the images': (beside, (), {'all': ['a.JPG', 'b.JPG']}),
    # Roboflow's export
    'a folder a split': (beside, ('train', 'valid'), {'train': ['train/a.JPG'],
                                                      'valid': ['valid/b.JPG']}),
    'lists with endings': (listed, ('a.jpg', 'b.jpg'), {'train': ['a.jpg', 'b.jpg']}),
    'list with a mark of UTF-8': (listed, ('b', ), {'train': ['b.jpg']}),
    'an empty list beside files': (listed, (), None),
}


@pytest.mark.parametrize('case', LAYOUTS)
def test_layouts_of_voc(convert, tmp_path, case):
    make, options, expected = LAYOUTS[case]
    make(tmp_path / 'voc', *options)
    status, out, err = convert('voc_to_coco.py', tmp_path / 'voc', '--out', tmp_path / 'out')
    if expected is None:
        assert status == 2 and 'no image could be converted' in err
        return
    assert (status, err) == (0, '')
    for split, files in expected.items():
        path = tmp_path / 'out' / 'annotations' / f'{split}.json'
        assert boxes_of(path) == [(file, 'cup', [1, 2, 10, 10]) for file in files]
        assert all((tmp_path / 'out' / 'images' / file).is_file() for file in files)
    assert len(list((tmp_path / 'out' / 'annotations').iterdir())) == len(expected)


def test_names_with_blanks(convert, tmp_path):
    """A camera's `IMG 1.jpg` is not a line about one class, `NAME 1`."""
    for name in ('IMG 1', 'IMG 27'):
        write_image(tmp_path / 'voc' / 'JPEGImages' / f'{name}.jpg')
        (tmp_path / 'voc' / 'Annotations').mkdir(exist_ok=True)
        (tmp_path / 'voc' / 'Annotations' / f'{name}.xml').write_text(
            XML.format(1, 2, 11, 12, name='cup'))
    (tmp_path / 'voc' / 'ImageSets' / 'Main').mkdir(parents=True)
    (tmp_path / 'voc' / 'ImageSets' / 'Main' / 'train.txt').write_text('IMG 1\nIMG 27\n')
    assert convert('voc_to_coco.py', tmp_path / 'voc', '--out', tmp_path / 'out')[0] == 0
    assert [box[0] for box in boxes_of(tmp_path / 'out' / 'annotations' / 'train.json')] == [
        'IMG 1.jpg', 'IMG 27.jpg']


@pytest.mark.parametrize('out, message', [
    ('voc', 'is inside the image folder'),  # would link a folder into itself
    ('voc/new', 'is inside the image folder')])
def test_output_inside_the_images(convert, tmp_path, out, message):
    beside(tmp_path / 'voc')
    status, _, err = convert('voc_to_coco.py', tmp_path / 'voc', '--out', tmp_path / out)
    assert status == 2 and message in err
    assert sorted(path.name for path in (tmp_path / 'voc').iterdir()) == [
        'a.JPG', 'a.xml', 'b.JPG', 'b.xml']


def test_folder_without_xml(convert, tmp_path):
    write_image(tmp_path / 'voc' / 'a.jpg')
    status, _, err = convert('voc_to_coco.py', tmp_path / 'voc', '--out', tmp_path / 'out')
    assert status == 2 and 'No XML files found in' in err
