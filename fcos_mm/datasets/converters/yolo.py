"""Annotations in the text format of YOLO to COCO's format."""
import os.path as osp
import reprlib
from typing import Sequence

import yaml

from fcos_mm.errors import UserError

from .coco import CocoWriter, find_images, image_size, require_folder

_FIELDS = 5
_TOLERANCE = 1e-3  # by which rounding may pass 0 or 1


def read_class_names(path: str) -> list:
    """Read the names of the classes.

    Args:
        path: A text file with one name a line, or a ``data.yaml`` with
            ``names`` as a list or as a mapping from number to name.

    Raises:
        UserError: If the file is missing or holds no names.
    """
    if not osp.isfile(path):
        raise UserError(f'File of the class names not found: {path}\n'
                        'Give a text file with one name a line, or a data.yaml with names.')
    with open(path, 'rb') as file:
        try:
            text = file.read().decode('utf-8-sig')
        except UnicodeDecodeError as error:
            raise UserError(f'File of the class names is not UTF-8: {path} ({error})\nSave it as '
                            'UTF-8 text.') from None
    if path.endswith(('.yaml', '.yml')):
        try:
            content = yaml.safe_load(text)
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise UserError(f'Not a YAML file: {path} ({error})\nMend it, or give a text '
                            'file with one name a line.') from None
        names = content.get('names') if isinstance(content, dict) else None
    else:
        names = [line.strip() for line in text.splitlines() if line.strip()]
    if isinstance(names, dict) and set(names) == set(range(len(names))):
        names = [names[number] for number in range(len(names))]
    # nested aliases of a YAML file can be too many to write out
    plain = isinstance(names, list) and all(isinstance(name, (str, int)) for name in names)
    if not plain or not names or len(set(map(str, names))) < len(names):
        raise UserError(f'No usable class names in {path} (found {reprlib.repr(names)}).\nWrite '
                        "every name once: one a line, or 'names: [first, second]' or a mapping "
                        'from 0, 1, ... in a data.yaml.')
    return [str(name) for name in names]


def convert_yolo(images: str, labels: str, *, classes: Sequence[str]) -> CocoWriter:
    """Read a folder of images and one of label files.

    A label file has the path of its image below the other folder and the
    ending ``.txt``; a line is ``class cx cy w h``, all but the class divided
    by the image's width or height. An image without a label file has no
    objects.

    Args:
        images: Folder of the images, searched with its subfolders.
        labels: Folder of the label files.
        classes: Names of the classes in the order of their numbers.

    Returns:
        CocoWriter: Images, boxes and the report.

    Raises:
        UserError: If a folder is missing or no label file fits an image.
    """
    require_folder(images, 'the images')
    require_folder(labels, 'a text file per image')
    writer = CocoWriter(classes)
    paths = list(find_images(images))
    if not paths:
        raise UserError(f'No image in {images}.\nCheck that this is the folder of the images.')
    labelled = 0
    for path in paths:
        label_file = osp.join(labels, osp.splitext(path)[0] + '.txt')
        labelled += osp.isfile(label_file)
        _add_image(writer, images, path, label_file)
    if not labelled:
        example = osp.join(labels, osp.splitext(paths[0])[0] + '.txt')
        raise UserError(f'No label file belongs to an image of {images}; {example}, for '
                        'example, is not there.\nCheck that both folders are of one split.')
    return writer


def _add_image(writer: CocoWriter, images: str, path: str, label_file: str) -> None:
    """Add an image with its boxes, or note why it is skipped."""
    try:
        size = image_size(osp.join(images, path))
    except ValueError as error:
        writer.fault('images skipped: not an image', str(error))
        return
    writer.add_image(path, *size)
    if not osp.isfile(label_file):
        writer.fault('images without a label file, taken as empty', path)
        return
    with open(label_file, encoding='utf-8', errors='replace') as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                _add_line(writer, line.split(), size, f'{label_file}, line {number}')


def _add_line(writer: CocoWriter, words: list, size: tuple, where: str) -> None:
    if len(words) != _FIELDS:
        writer.fault(f'boxes skipped: not {_FIELDS} fields', f'{where}: {len(words)} fields')
        return
    try:
        label = int(words[0])
        cx, cy, w, h = (float(word) for word in words[1:])
    except ValueError:
        writer.fault('boxes skipped: not numbers', f'{where}: {" ".join(words)}')
        return
    if not 0 <= label < len(writer.classes):
        writer.fault(f'boxes skipped: class number not in 0..{len(writer.classes) - 1}',
                     f'{where}: class {label}')
        return
    if any(value < -_TOLERANCE or value > 1 + _TOLERANCE for value in (cx, cy, w, h)):
        writer.fault('boxes skipped: values not divided by the image size',
                     f'{where}: {" ".join(words)}')
        return
    width, height = size
    writer.add_box(label, ((cx - w / 2) * width, (cy - h / 2) * height,
                           (cx + w / 2) * width, (cy + h / 2) * height), where)
