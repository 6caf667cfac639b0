"""Splits as COCO files: in place, written, found again; and errors."""
import json
import re
import shutil
import subprocess
import sys

import pytest

from fcos_mm.datasets.sources import prepare_data
from fcos_mm.errors import UserError


@pytest.fixture
def prepare(tmp_path):
    """``prepare(root, **given)``: prepare data, by default in the folder ``out``."""
    def run(root, out='out', **given):
        return prepare_data(str(root), str(tmp_path / out), **given)

    return run


def edit(path, change):
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def error_of(function, *args, **kwargs):
    with pytest.raises(UserError) as caught:
        function(*args, **kwargs)
    return str(caught.value)


@pytest.mark.parametrize('layout', ['coco_ours', 'coco_2017', 'coco_roboflow',
                                    'coco_cvat_subsets'])
def test_coco_files_that_are_right_stay_in_place(lay_out, prepare, tmp_path, layout):
    root = lay_out(layout)
    data = prepare(root)
    assert all(split.ann_file.startswith(str(root)) for split in data.splits.values())
    assert data.notes == []
    assert [path.name for path in (tmp_path / 'out').rglob('*')] == ['data.json']


def test_what_is_put_right_is_told(lay_out, prepare, tmp_path):
    data = prepare(lay_out('coco_incomplete'))
    assert data.notes[0] == (
        'train: file names corrected, sizes of images added, fields of annotations added in a '
        'copy of the annotation file')
    box = json.loads((tmp_path / 'out/annotations/train.json').read_text())['annotations'][0]
    assert box['area'] == box['bbox'][2] * box['bbox'][3] and box['iscrowd'] == 0


def test_annotation_ids_that_repeat_are_numbered(lay_out, prepare):
    root = lay_out('coco_ours')
    edit(root / 'annotations' / 'val.json',
         lambda data: [box.update(id=7) for box in data['annotations']])
    split = prepare(root).splits['val']
    boxes = json.loads(open(split.ann_file).read())['annotations']
    assert [box['id'] for box in boxes] == [*range(1, len(boxes) + 1)]


def test_classes_are_picked_and_ordered(lay_out, prepare, shapes):
    data = prepare(lay_out('voc_pascal'), classes=['star', 'disc'])
    assert data.classes == ('star', 'disc')
    for name, split in data.splits.items():
        assert split.num_boxes == sum(label in ('star', 'disc') for picture in shapes.of(name)
                                      for label, _ in picture.boxes)


@pytest.mark.parametrize('classes, part', [
    (['disc', 'Sqare'], "no class 'Sqare'. Did you mean 'square'?\nThe classes are: disc, ring,"),
    (['disc', 'disc'], 'each name only once'),
    ([], 'at least one'),
])
def test_classes_that_cannot_be_taken(lay_out, prepare, classes, part):
    assert part in error_of(prepare, lay_out('coco_ours'), classes=classes)


@pytest.mark.parametrize('split', ['train', 'val'])
def test_a_split_without_boxes(lay_out, prepare, split):
    root = lay_out('coco_ours')
    edit(root / 'annotations' / f'{split}.json', lambda data: data['annotations'].clear())
    file = root / 'annotations' / f'{split}.json'
    assert f'The {split} split, {file}, has ' in error_of(prepare, root)


def test_labels_of_another_folder_are_named(lay_out, prepare):
    root = lay_out('yolo_yaml')
    shutil.rmtree(root / 'labels' / 'val')
    message = error_of(prepare, root)
    folder = root / 'images' / 'val'
    assert f'The val split, {folder}, has no boxes of the classes in its 4 images' in message
    assert 'val: 4 images without a label file' in message


def test_a_test_split_without_boxes_is_left_out(lay_out, prepare):
    root = lay_out('yolo_yaml')
    shutil.rmtree(root / 'labels' / 'test')
    data = prepare(root)
    assert [*data.splits] == ['train', 'val']
    assert 'test: 3 images without boxes, left out' in data.notes


def test_images_that_are_missing(lay_out, prepare):
    root = lay_out('coco_2017')
    for name in ('tr000002.jpg', 'tr000005.jpg'):
        (root / 'train2017' / name).unlink()
    message = error_of(prepare, root)
    assert '2 of 8 images' in message and 'tr000002.jpg, tr000005.jpg' in message
    assert str(root / 'train2017') in message


def test_entries_that_are_wrong(lay_out, prepare):
    root = lay_out('coco_ours')
    edit(root / 'annotations' / 'train.json',
         lambda data: data['annotations'][0].update(bbox=[1, 2]))
    assert 'is not four finite numbers' in error_of(prepare, root)


def test_no_validation_set_of_the_training_images(lay_out, prepare):
    """``val: images/train``, as data.yaml has it where there is none."""
    root = lay_out('yolo_yaml')
    file = root / 'data.yaml'
    file.write_text(file.read_text().replace('images/val', 'images/train'))
    data = prepare(root)
    assert 'val: contains all images of train, not used' in data.notes
    assert data.splits['train'].num_images + data.splits['val'].num_images == 8


def test_images_of_two_splits_are_taken_out_of_train(lay_out, prepare, boxes_of, shapes):
    root = lay_out('voc_pascal')
    lists = root / 'ImageSets' / 'Main'
    (lists / 'train.txt').rename(lists / 'trainval.txt')
    with open(lists / 'trainval.txt', 'a') as file:
        file.write('\n' + (lists / 'val.txt').read_text())
    data = prepare(root)
    assert 'val: 4 of its images are also in train; removed from train' in data.notes
    assert boxes_of([data.splits['train']]) == shapes.boxes(['train'])


def test_nothing_is_left_to_learn(lay_out, prepare):
    root = lay_out('coco_ours')
    train = json.loads((root / 'annotations' / 'train.json').read_text())
    boxes = [box for box in train['annotations'] if box['image_id'] == 1]
    edit(root / 'annotations' / 'train.json', lambda data: data.update(annotations=boxes))
    edit(root / 'annotations' / 'val.json', lambda data: data.update(
        images=train['images'][:1], annotations=boxes))
    assert re.search('The train split, .*, has no boxes of the classes in its 7 images',
                     error_of(prepare, root))


def test_the_parent_category_of_roboflow_is_no_class(lay_out, prepare, shapes):
    assert prepare(lay_out('coco_roboflow')).classes == tuple(shapes.classes)


def test_a_single_file_is_the_training_set(lay_out, prepare, boxes_of, shapes):
    data = prepare(lay_out('coco_ours') / 'annotations' / 'val.json')
    assert boxes_of(data.splits.values()) == shapes.boxes(['val'])


def test_same_input_gives_same_bytes(lay_out, prepare, tmp_path):
    root = lay_out('yolo_label_studio')
    prepare(root, 'first')
    prepare(root, 'second')
    prepare(root, 'third', seed=1)
    for name in ('annotations/train.json', 'annotations/val.json', 'split.json'):
        assert (tmp_path / 'first' / name).read_bytes() == (tmp_path / 'second' / name).read_bytes()
        assert (tmp_path / 'first' / name).read_bytes() != (tmp_path / 'third' / name).read_bytes()


def test_a_second_call_finds_what_the_first_made(lay_out, prepare, tmp_path):
    root = lay_out('yolo_label_studio')
    first = prepare(root)
    (tmp_path / 'out/annotations/val.json').write_text('kept as it is')
    assert prepare(root) == first
    assert (tmp_path / 'out/annotations/val.json').read_text() == 'kept as it is'


def test_results_inside_the_data_do_not_change_them(lay_out, prepare, shapes):
    root = lay_out('coco_roboflow')
    out = root / 'work_dirs' / 'mine'
    first = prepare(root, out)
    shapes.pictures[0].copy(root / 'work_dirs' / 'drawn.jpg')
    assert prepare(root, out) == first


@pytest.mark.parametrize('layout', ['yolo_label_studio', 'yolo_darknet', 'voc_flat', 'coco_cvat'])
def test_changed_data_are_refused(lay_out, prepare, layout):
    root = lay_out(layout)
    prepare(root)
    first = sorted(root.rglob('*.txt' if 'yolo' in layout else '*.jpg'))[0]
    first.write_bytes(first.read_bytes() + b'\n')
    message = error_of(prepare, root)
    assert 'files were added, removed or changed' in message and 'new work dir' in message


def test_other_arguments_are_refused(lay_out, prepare):
    root = lay_out('voc_flat')
    prepare(root)
    assert 'seed was 0, now 3' in error_of(prepare, root, seed=3)
    assert "classes was None, now ['disc']" in error_of(prepare, root, classes=['disc'])


def test_a_folder_with_another_data_json(lay_out, prepare, tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'data.json').write_text('[]')
    assert 'data.json was not written by fcos_mm' in error_of(prepare, lay_out('voc_flat'))


def test_a_link_to_an_image_that_is_gone(lay_out, prepare):
    root = lay_out('voc_no_lists')
    shutil.copy(root / 'Annotations' / 'tr000001.xml', root / 'Annotations' / 'gone.xml')
    (root / 'JPEGImages' / 'gone.jpg').symlink_to(root / 'nowhere.jpg')
    data = prepare(root)
    assert data.notes[0].startswith('train: 1 image skipped: not an image')
    assert sum(split.num_images for split in data.splits.values()) == 15
    assert prepare(root) == data


def test_the_data_are_not_overwritten(lay_out):
    root = lay_out('coco_ours')
    assert 'is the data folder' in error_of(prepare_data, str(root), str(root))


def test_torch_is_not_needed(lay_out, tmp_path):
    code = ('import sys; sys.modules.update(torch=None, mmengine=None, mmcv=None, mmdet=None)\n'
            'from fcos_mm.datasets.sources import prepare_data\n'
            'prepare_data(sys.argv[1], sys.argv[2])')
    subprocess.run([sys.executable, '-c', code, str(lay_out('voc_flat')), str(tmp_path / 'out')],
                   check=True)
