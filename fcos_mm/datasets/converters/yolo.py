"""Convert labels in YOLO's text format to COCO's format."""
import math
import os.path as osp
import reprlib
from collections.abc import Mapping, Sequence

import yaml

from fcos_mm.datasets.converters.coco import CocoWriter, find_files, require_folder
from fcos_mm.errors import UserError

_TOLERANCE = 1e-3  # by which rounding may pass 0 or 1
YAML_SUFFIXES = ('.yaml', '.yml')
_UTF_16 = (b'\xff\xfe', b'\xfe\xff')


def read_class_names(path: str) -> list:
    """Read the names of the classes.

    Args:
        path: A text file with one name a line, or a ``data.yaml`` with
            ``names`` as a list or as a mapping from number to name.

    Raises:
        UserError: If the file is missing or holds no names.
    """
    if path.endswith(YAML_SUFFIXES):
        names = read_data_yaml(path).get('names')
    else:
        names = [line.strip() for line in _read_names(path).splitlines() if line.strip()]
    if isinstance(names, dict) and set(names) == set(range(len(names))):
        names = [names[number] for number in range(len(names))]
    # nested aliases of a YAML file can be too many to write out
    plain = isinstance(names, list) and all(isinstance(name, (str, int)) for name in names)
    if not plain or not names or len(set(map(str, names))) < len(names):
        raise UserError(f'No usable class names in {path} (found {reprlib.repr(names)}).\nList '
                        "each name once: one per line, or in a data.yaml as 'names: [first, "
                        "second]' or a mapping from 0, 1, ...")
    return [str(name) for name in names]


def read_data_yaml(path: str) -> dict:
    """The keys of a ``data.yaml``; none where the file is not a mapping.

    Raises:
        UserError: If it is missing or not YAML.
    """
    text = _read_names(path)
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UserError(f'Not a YAML file: {path} ({error})\nCorrect it, or give a text '
                        'file with one name per line.') from None
    return content if isinstance(content, dict) else {}


def _read_names(path: str) -> str:
    if not osp.isfile(path):
        raise UserError(f'Class names file not found: {path}\n'
                        'Give a text file with one name per line, or a data.yaml with names.')
    with open(path, 'rb') as file:
        try:
            return file.read().decode('utf-8-sig')
        except UnicodeDecodeError as error:
            raise UserError(f'Class names file is not UTF-8: {path} ({error})\nSave it as UTF-8 '
                            'text.') from None


def convert_yolo(images: str, labels: str, *, classes: Sequence[str]) -> CocoWriter:
    """Read a folder of images and one of label files.

    A label file has the path of its image below the other folder and the
    ending ``.txt``; a line is ``class cx cy w h``, all but the class divided
    by the image's width or height. A score may follow. A line
    ``class x y x y x y ...`` is a polygon, which becomes the box around it. The
    class is its number, also written ``0.0``, or its name. An image without a
    label file has no objects.

    Raises:
        UserError: If a folder is missing or no label file fits an image.
    """
    require_folder(images, 'the images')
    require_folder(labels, 'one text file per image')
    files = {path: osp.join(labels, osp.splitext(path)[0] + '.txt')
             for path in find_files(images)}
    if not files:
        raise UserError(f'No images in {images}.\nCheck that this is the image folder.')
    if not any(map(osp.isfile, files.values())):
        raise UserError(f'No label file matches an image in {images}; '
                        f'{next(iter(files.values()))}, for example, does not exist.\n'
                        'Check that both folders belong to the same split.')
    return convert_yolo_files(images, files, classes=classes)


def convert_yolo_files(images: str, files: Mapping[str, str], *, classes: Sequence[str]
                       ) -> CocoWriter:
    """Read single images and their label files, as :func:`convert_yolo` does.

    Args:
        images: Folder that the names of the images are relative to.
        files: The label file of each image by the image's name.
    """
    writer = CocoWriter(classes)
    for path, label_file in files.items():
        _add_image(writer, images, path, label_file)
    return writer


def _add_image(writer: CocoWriter, images: str, path: str, label_file: str) -> None:
    """Add an image with its boxes, or note why it is skipped."""
    size = writer.read_size(osp.join(images, path))
    if size is None:
        return
    writer.add_image(path, *size)
    if not osp.isfile(label_file):
        writer.fault('images without a label file, treated as empty', path)
        return
    for number, line in enumerate(_read_text(label_file).splitlines(), 1):
        if line.strip():
            _add_line(writer, line, size, f'{label_file}, line {number}')


def _read_text(path: str) -> str:
    """The text of a label file, without a byte order mark."""
    with open(path, 'rb') as file:
        content = file.read()
    encoding = 'utf-16' if content.startswith(_UTF_16) else 'utf-8-sig'
    return content.decode(encoding, errors='replace')


def _add_line(writer: CocoWriter, line: str, size: tuple[int, int], where: str) -> None:
    name, *words = line.split()
    shown = f'{where}: {line.strip()}'
    label = _label(name, writer.classes)
    if label is None:
        writer.fault('boxes skipped: class is neither a number in '
                     f'0..{len(writer.classes) - 1} nor a known name', f'{where}: class {name}')
        return
    try:
        values = [float(word) for word in words]
    except ValueError:
        writer.fault('boxes skipped: not numbers', shown)
        return
    corners = _corners(values)
    lengths = values[:4] if len(values) == 5 else values  # without a score
    if not all(map(math.isfinite, values)):
        writer.fault('boxes skipped: not a finite number', shown)
    elif corners is None:
        writer.fault('boxes skipped: wrong number of fields (box: 5, with a score: 6, polygon: '
                     '7, 9, ...)', f'{where}: {len(values) + 1} fields')
    elif not all(-_TOLERANCE <= value <= 1 + _TOLERANCE for value in lengths):
        writer.fault('boxes skipped: values are not fractions of the image size', shown)
    else:
        box = [share * side for share, side in zip(corners, size * 2, strict=True)]
        writer.add_box(label, box, where)


def _label(text: str, classes: Sequence[str]) -> int | None:
    """The index of a class given by name or by number, ``2`` or ``2.000``; None if unknown."""
    if text in classes:
        return classes.index(text)
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() and 0 <= number < len(classes) else None


def _corners(values: Sequence[float]) -> tuple[float, float, float, float] | None:
    """Corners (x0, y0, x1, y1) of a line's box or around its polygon; None if it has neither."""
    if len(values) in (4, 5):  # a score may follow
        cx, cy, width, height = values[:4]
        return cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2
    if len(values) >= 6 and len(values) % 2 == 0:
        xs, ys = values[::2], values[1::2]
        return min(xs), min(ys), max(xs), max(ys)
    return None
