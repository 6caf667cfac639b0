"""The generated dataset, laid out as tools lay out theirs."""
import json
import shutil
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from fcos_mm.datasets.shapes import make_shapes

SIDE = 128
COUNTS = dict(train=8, val=4, test=3)
ROBOFLOW = dict(train='train', val='valid', test='test')


class Picture(NamedTuple):
    """An image; boxes are (class, [x, y, width, height])."""
    split: str
    name: str
    source: Path
    boxes: list

    def copy(self, *path):
        target = Path(*path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(self.source, target)


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


class Shapes:
    """The dataset: pictures whose names differ between the splits, and writers of annotations."""

    def __init__(self, root):
        self.classes, self.pictures = [], []
        for split, path in make_shapes(root, counts=tuple(COUNTS.values()),
                                       image_size=(SIDE, SIDE)).items():
            data = json.loads(path.read_text())
            self.classes = [category['name'] for category in data['categories']]
            for image in data['images']:
                boxes = [(self.classes[box['category_id'] - 1], box['bbox'])
                         for box in data['annotations'] if box['image_id'] == image['id']]
                source = root / split / image['file_name']
                self.pictures.append(
                    Picture(split, f'{split[:2]}{image["file_name"]}', source, boxes))

    def copy_to(self, folder):
        for picture in self.pictures:
            picture.copy(folder, picture.name)

    def of(self, split):
        return [picture for picture in self.pictures if split in (None, picture.split)]

    def boxes(self, splits=tuple(COUNTS)):
        """By the name of each picture its sorted boxes."""
        return {picture.name: sorted(picture.boxes) for picture in self.pictures
                if picture.split in splits}

    def coco(self, split=None, folder='', first_id=1, parent=None):
        names = ([parent] if parent else []) + self.classes
        pictures = self.of(split)
        annotations = [(image, box) for image, picture in enumerate(pictures)
                       for box in picture.boxes]
        return dict(
            images=[dict(id=index + first_id, file_name=folder + picture.name, width=SIDE,
                         height=SIDE) for index, picture in enumerate(pictures)],
            annotations=[dict(id=index + first_id, image_id=image + first_id,
                              category_id=names.index(name) + first_id, bbox=box,
                              area=box[2] * box[3], iscrowd=0)
                         for index, (image, (name, box)) in enumerate(annotations)],
            categories=[dict(id=index + first_id, name=name, supercategory=(
                'none' if name == parent else parent or 'shape'))
                for index, name in enumerate(names)])

    @staticmethod
    def xml(picture):
        items = ''.join(
            f'<object><name>{name}</name><bndbox><xmin>{x}</xmin><ymin>{y}</ymin>'
            f'<xmax>{x + w}</xmax><ymax>{y + h}</ymax></bndbox></object>'
            for name, (x, y, w, h) in picture.boxes)
        return (f'<annotation><size><width>{SIDE}</width><height>{SIDE}</height></size>{items}'
                '</annotation>')

    def txt(self, picture):
        return ''.join(
            f'{self.classes.index(name)} {(x + w / 2) / SIDE} {(y + h / 2) / SIDE} {w / SIDE} '
            f'{h / SIDE}\n' for name, (x, y, w, h) in picture.boxes)


def coco_ours(shapes, root):
    shapes.copy_to(root / 'images')
    for split in COUNTS:
        write(root / 'annotations' / f'{split}.json', shapes.coco(split))


def coco_2017(shapes, root):
    for picture in shapes.pictures:
        picture.copy(root, f'{picture.split}2017', picture.name)
    for split in COUNTS:
        for kind in ('instances', 'person_keypoints'):
            write(root / 'annotations' / f'{kind}_{split}2017.json', shapes.coco(split))
        write(root / 'annotations' / f'captions_{split}2017.json', dict(
            images=[], annotations=[]))


def coco_roboflow(shapes, root):
    for picture in shapes.pictures:
        picture.copy(root, ROBOFLOW[picture.split], picture.name)
    for split, folder in ROBOFLOW.items():
        write(root / folder / '_annotations.coco.json',
              shapes.coco(split, first_id=0, parent='shapes'))


def coco_cvat(shapes, root, folder='images'):
    shapes.copy_to(root / folder)
    write(root / 'annotations' / 'instances_default.json', shapes.coco())


def coco_cvat_subsets(shapes, root):
    for picture in shapes.pictures:
        picture.copy(root, 'images', picture.split.title(), picture.name)
    for split in COUNTS:
        write(root / 'annotations' / f'instances_{split.title()}.json',
              shapes.coco(split))


def coco_result(shapes, root, file='result.json', folder='images', prefix='images/'):
    shapes.copy_to(root / folder)
    write(root / file, shapes.coco(folder=prefix, first_id=0))


def coco_incomplete(shapes, root):
    shapes.copy_to(root / 'data')
    data = shapes.coco(folder='/elsewhere/data/')
    for image in data['images']:
        del image['width'], image['height']
    for box in data['annotations']:
        del box['id'], box['area'], box['iscrowd']
    write(root / 'labels.json', data)


def voc_pascal(shapes, root):
    for picture in shapes.pictures:
        picture.copy(root, 'JPEGImages', picture.name)
        write(root / 'Annotations' / f'{picture.name[:-4]}.xml', shapes.xml(picture))
    for split in COUNTS:
        write(root / 'ImageSets' / 'Main' / f'{split}.txt',
              '\n'.join(picture.name[:-4] for picture in shapes.of(split)))


def voc_no_lists(shapes, root, annotations='Annotations', images='JPEGImages'):
    for picture in shapes.pictures:
        picture.copy(root, images, picture.name)
        write(root / annotations / f'{picture.name[:-4]}.xml', shapes.xml(picture))


def voc_folders(shapes, root, images='', annotations='', folders=ROBOFLOW):
    for picture in shapes.pictures:
        folder = folders.get(picture.split, picture.split)
        picture.copy(root, images, folder, picture.name)
        write(root / annotations / folder / f'{picture.name[:-4]}.xml', shapes.xml(picture))


def yolo_files(shapes, root, images='images/{split}', labels='labels/{split}', folders=None):
    for picture in shapes.pictures:
        split = (folders or {}).get(picture.split, picture.split)
        picture.copy(root, images.format(split=split), picture.name)
        write(root / labels.format(split=split) / f'{picture.name[:-4]}.txt', shapes.txt(picture))


def yolo_yaml(shapes, root):
    yolo_files(shapes, root)
    names = ''.join(f'\n  {number}: {name}' for number, name in enumerate(shapes.classes))
    write(root / 'data.yaml', 'path: .\ntrain: images/train\nval: images/val\ntest: images/test\n'
          f'names:{names}\n')


def yolo_elsewhere(shapes, root):
    yolo_files(shapes, root)
    write(root / 'mine.yml', 'path: /elsewhere/train_data\ntrain: images/train\n'
          f'val: images/val\ntest: [images/test]\nnames: {shapes.classes}\nnc: 6\n')


def yolo_roboflow(shapes, root):
    yolo_files(shapes, root, '{split}/images', '{split}/labels', ROBOFLOW)
    write(root / 'data.yaml', 'train: ../train/images\nval: ../valid/images\n'
          f'test: ../test/images\n\nnc: 6\nnames: {shapes.classes}\n')


def yolo_lists(shapes, root):
    yolo_files(shapes, root, 'images', 'labels')
    for split in COUNTS:
        write(root / f'{split}.txt',
              '\n'.join(f'./images/{picture.name}' for picture in shapes.of(split)))
    write(root / 'data.yaml', 'train: train.txt\nval: val.txt\ntest: test.txt\n'
          f'names: {shapes.classes}\n')


def yolo_list_of_folders(shapes, root):
    yolo_files(shapes, root)
    for picture in shapes.of('train')[::2]:  # into another folder
        for kind, ending in (('images', '.jpg'), ('labels', '.txt')):
            name = picture.name[:-4] + ending
            (root / kind / 'more').mkdir(exist_ok=True)
            (root / kind / 'train' / name).rename(root / kind / 'more' / name)
    write(root / 'data.yaml', 'train:\n  - images/train\n  - images/more\nval: images/val\n'
          f'test: images/test\nnames: {shapes.classes}\n')


def yolo_classes_txt(shapes, root, **where):
    yolo_files(shapes, root, **where)
    write(root / 'classes.txt', '\n'.join(shapes.classes))
    write(root / 'notes.json', dict(categories=[], info={}))  # Label Studio's


def yolo_darknet(shapes, root):
    yolo_files(shapes, root, 'obj_train_data', 'obj_train_data')
    write(root / 'obj.names', '\n'.join(shapes.classes))
    write(root / 'obj.data', 'classes = 6\ntrain = data/train.txt\nnames = data/obj.names\n')
    write(root / 'train.txt',
          '\n'.join(f'data/obj_train_data/{picture.name}' for picture in shapes.pictures))


#: What writes a layout, and whether it knows splits.
LAYOUTS = dict(
    coco_ours=(coco_ours, True), coco_2017=(coco_2017, True),
    coco_roboflow=(coco_roboflow, True), coco_cvat=(coco_cvat, False),
    coco_cvat_default=(partial(coco_cvat, folder='images/default'), False),
    coco_cvat_subsets=(coco_cvat_subsets, True), coco_label_studio=(coco_result, False),
    coco_label_studio_upload=(
        partial(coco_result, prefix='../../label-studio/data/upload/1/'), False),
    coco_label_studio_windows=(partial(coco_result, prefix='images\\1\\'), False),
    coco_labelme=(partial(coco_result, file='annotations.json', folder='JPEGImages',
                          prefix='JPEGImages/'), False),
    coco_incomplete=(coco_incomplete, False), voc_pascal=(voc_pascal, True),
    voc_no_lists=(voc_no_lists, False),
    voc_lower_case=(partial(voc_no_lists, annotations='annotations', images='images'), False),
    voc_flat=(partial(voc_no_lists, annotations='', images=''), False),
    voc_roboflow=(voc_folders, True),
    voc_mirrored=(
        partial(voc_folders, images='images', annotations='annotations', folders={}), True),
    yolo_yaml=(yolo_yaml, True), yolo_elsewhere=(yolo_elsewhere, True),
    yolo_roboflow=(yolo_roboflow, True), yolo_lists=(yolo_lists, True),
    yolo_list_of_folders=(yolo_list_of_folders, True), yolo_no_yaml=(
        partial(yolo_classes_txt, images='{split}/images', labels='{split}/labels',
                folders=ROBOFLOW), True),
    yolo_label_studio=(partial(yolo_classes_txt, images='images', labels='labels'), False),
    yolo_beside=(partial(yolo_classes_txt, images='', labels=''), False),
    yolo_darknet=(yolo_darknet, False))


class LaidOut(NamedTuple):
    """A dataset on the disk.

    Attributes:
        splits: Whether it says what is training, validation and test.
    """
    root: Path
    layout: str
    splits: bool


@pytest.fixture(scope='session')
def shapes(tmp_path_factory):
    return Shapes(tmp_path_factory.mktemp('shapes'))


@pytest.fixture
def lay_out(shapes, tmp_path):
    """``lay_out('voc_flat')``: the folder of the dataset in that layout."""
    def run(name):
        root = tmp_path / name
        root.mkdir()
        LAYOUTS[name][0](shapes, root)
        return root

    return run


@pytest.fixture(params=LAYOUTS)
def laid_out(request, lay_out):
    """The dataset in every layout."""
    return LaidOut(lay_out(request.param), request.param, LAYOUTS[request.param][1])


@pytest.fixture
def boxes_of():
    """``boxes_of(splits)``: by the name of each image of COCO files its sorted boxes."""
    def run(splits):
        found = {}
        for split in splits:
            data = json.loads(Path(split.ann_file).read_text())
            names = {category['id']: category['name'] for category in data['categories']}
            for image in data['images']:
                assert (Path(split.images) / image['file_name']).is_file()
                key = Path(image['file_name']).name
                assert key not in found
                found[key] = sorted(
                    (names[box['category_id']], box['bbox']) for box in data['annotations']
                    if box['image_id'] == image['id'])
        return found

    return run
