"""Datasets with a text file per image: a ``data.yaml`` or folders, by the converter from YOLO."""
import os
import os.path as osp
from collections.abc import Iterator

from fcos_mm.datasets.converters import convert_yolo_files, read_class_names, read_data_yaml
from fcos_mm.datasets.converters.coco import IMAGE_SUFFIXES, paths_below
from fcos_mm.datasets.converters.voc_layout import read_lines
from fcos_mm.datasets.converters.yolo import YAML_SUFFIXES
from fcos_mm.datasets.sources.source import Content, by_split, split_word
from fcos_mm.datasets.sources.writer import content_of
from fcos_mm.errors import UserError
from fcos_mm.faults import first_few

_NAMES = ('classes.txt', 'obj.names', 'labels/classes.txt')
_SPLITS = {'train': 'train', 'val': 'val', 'valid': 'val', 'validation': 'val', 'test': 'test'}


class YoloSource:
    """Images and label files.

    Args:
        root: Folder of the dataset.
        places: For each split the folders, images and lists of images.
        names: The file of the class names; None if there is none.
        text: The layout in one line.
    """

    def __init__(self, root: str, places: dict[str, list[str]], names: str | None, text: str,
                 notes: list[str]) -> None:
        self.root, self._places, self._names = root, places, names
        self.splits, self.text, self.notes = tuple(places), text, notes

    def files(self) -> Iterator[str]:
        """Class names, lists, images and label files."""
        yield from [self._names] if self._names else []
        for split, places in self._places.items():
            yield from filter(osp.isfile, places)
            for image in filter(osp.isfile, self._images(split)):
                yield from filter(osp.isfile, (image, _label_file(image)))

    def read(self, split: str) -> Content:
        """Convert a split."""
        if self._names is None:
            raise UserError(f'{self.root} has label files, but no file with the class names.\n'
                            'Write them to classes.txt in this folder, one per line, or to a '
                            "data.yaml: 'names: [first, second]'.")
        images = [*dict.fromkeys(self._images(split))]
        if not images:
            raise UserError(f'{split}: no images in {first_few(self._places[split])}.\n'
                            'Check that this is the image folder.')
        folder = osp.commonpath([osp.dirname(image) for image in images])
        files = {osp.relpath(image, folder).replace(os.sep, '/'): _label_file(image)
                 for image in images}
        writer = convert_yolo_files(folder, files, classes=read_class_names(self._names))
        return content_of(writer, folder, split)

    as_written = read

    def _images(self, split: str) -> Iterator[str]:
        for place in self._places[split]:
            if place.lower().endswith('.txt'):
                bases = (osp.dirname(place), self.root)
                for line in read_lines(place):
                    yield _resolve(line, bases) or osp.join(bases[0], line)
            elif osp.isfile(place):
                yield place
            elif place == self.root:  # results may lie in folders below
                yield from (osp.join(place, name) for name in sorted(os.listdir(place))
                            if name.lower().endswith(IMAGE_SUFFIXES))
            else:
                yield from paths_below(place)


def find_yolo(path: str) -> YoloSource | None:
    """The YOLO dataset of a folder or ``data.yaml``; None if the folder has no such thing."""
    if osp.isfile(path):
        return _of_yaml(path)
    yamls = [file for name in sorted(os.listdir(path)) if name.lower().endswith(YAML_SUFFIXES)
             and 'names' in _peek(file := osp.join(path, name))]
    described = [file for file in yamls if 'train' in _peek(file)]
    if len(described) > 1:
        raise UserError(f'{len(described)} files in {path} could describe the dataset: '
                        f'{first_few(described)}.\nGive one of them.')
    if described:
        return _of_yaml(described[0])
    if osp.isfile(osp.join(path, 'obj.data')):
        return _of_obj_data(path)
    names = next((file for name in _NAMES if osp.isfile(file := osp.join(path, name))), None)
    return _of_folders(path, yamls[0] if yamls else names)


def _peek(path: str) -> dict:
    """The keys of a YAML file; none if it cannot be read."""
    try:
        return read_data_yaml(path)
    except UserError:
        return {}


def _of_yaml(path: str) -> YoloSource:
    return _described(path, path, read_data_yaml(path))


def _of_obj_data(root: str) -> YoloSource:
    """Darknet's description: lines ``train = data/train.txt``."""
    path = osp.join(root, 'obj.data')
    pairs = [line.partition('=') for line in read_lines(path)]
    content = {key.strip(): value.strip() for key, _, value in pairs}
    names = _resolve(content.get('names', 'obj.names'), (root, )) or osp.join(root, 'obj.names')
    return _described(path, names, content)


def _described(path: str, names: str, content: dict) -> YoloSource:
    """The dataset that a file describes by a folder, a list or several of them per split."""
    root = osp.dirname(path)
    base = _resolve(str(content['path']), (root, )) if content.get('path') else None
    places, notes = {}, []
    for key, split in _SPLITS.items():
        value = content.get(key)
        values = value if isinstance(value, list) else [value] if value else []
        found = {str(one): _resolve(str(one), (base or root, root)) for one in values}
        lost = [one for one, place in found.items() if place is None]
        if lost and split == 'train':
            raise UserError(f'{path}: {key} is {first_few(lost)}, which does not exist (searched '
                            f'below {base or root}).\nCorrect {key} or path in this file.')
        if lost:
            notes.append(f'{split}: {first_few(lost)} of {osp.basename(path)} does not exist')
        if values and not lost:
            places[split] = [*found.values()]
    if 'train' not in places:
        raise UserError(f"{path} has no key 'train' (found: {sorted(map(str, content))}).\n"
                        "Write 'train: FOLDER' with the folder of the training images.")
    shown = [osp.relpath(place, root) for group in places.values() for place in group]
    return YoloSource(root, places, names, f'YOLO: {osp.basename(path)} ({first_few(shown)})',
                      notes)


def _of_folders(root: str, names: str | None) -> YoloSource | None:
    """Folders with images and label files, one a split or one for all."""
    children = [name for name in sorted(os.listdir(root)) if split_word(name)]
    below = osp.join(root, 'images')
    below = [name for name in sorted(os.listdir(below)) if split_word(name)] if osp.isdir(
        below) else []
    folders = {osp.join(root, 'images', name): name for name in below}
    folders.update((osp.join(root, name, images), name) for name in children
                   for images in ('images', ''))
    folders = {folder: name for folder, name in folders.items() if _is_labelled(folder)}
    for name in ('images', 'obj_train_data', ''):
        folder = osp.join(root, name).rstrip(os.sep)
        if not folders and _is_labelled(folder):
            folders = {folder: ''}
    if not folders:
        return None
    found, notes = by_split(folders, root, 'folders')
    text = ', '.join(osp.relpath(folder, root) for folder in found.values())
    return YoloSource(root, {split: [folder] for split, folder in found.items()}, names,
                      f'YOLO: images in {text}', notes)


def _is_labelled(folder: str) -> bool:
    """Whether a folder has images, one of them with a label file."""
    return osp.isdir(folder) and any(
        osp.isfile(_label_file(osp.join(folder, name))) for name in os.listdir(folder)
        if name.lower().endswith(IMAGE_SUFFIXES))


def _label_file(image: str) -> str:
    """The label file beside an image, or where it belongs below ``labels``."""
    beside = osp.splitext(image)[0] + '.txt'
    return beside if osp.isfile(beside) else _labels_of(image)


def _labels_of(image: str) -> str:
    """The path with the last folder ``images`` called ``labels``, and the ending ``.txt``."""
    head, found, tail = image.rpartition(f'{os.sep}images{os.sep}')
    changed = osp.join(head, 'labels', tail) if found else image
    return osp.splitext(changed)[0] + '.txt'


def _resolve(value: str, bases: tuple[str, ...]) -> str | None:
    """The file or folder that a path means; folders before that of the split may be wrong.

    ``../train/images`` is found as ``train/images``, but not as ``images``.
    """
    parts = [part for part in value.replace('\\', '/').split('/') if part not in ('', '.', '..')]
    needed = max((number for number, part in enumerate(parts) if split_word(part)),
                 default=len(parts) - 1)
    tails = [osp.join(*parts[number:]) for number in range(needed + 1)]
    for path in (*(osp.join(base, value) for base in bases),
                 *(osp.join(base, tail) for tail in tails for base in bases)):
        if osp.exists(path):
            return osp.normpath(path)
    return None
