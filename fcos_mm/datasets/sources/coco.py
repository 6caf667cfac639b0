"""Datasets in COCO's format: which file is which split, and where its images are."""
import mmap
import os
import os.path as osp
from collections.abc import Iterator

from fcos_mm.datasets.coco_format import FIELDS, coco_faults, load_coco
from fcos_mm.datasets.converters.coco import paths_below
from fcos_mm.datasets.file_names import Folders, find_file
from fcos_mm.datasets.image_header import image_size
from fcos_mm.datasets.sources.source import Content, by_split, split_word
from fcos_mm.errors import UserError
from fcos_mm.faults import SeveralFaults, first_few

#: Folders that hold nothing but annotations, in any letter case.
ANNOTATION_FOLDERS = ('annotations', 'labels')
_IMAGE_FOLDERS = ('', 'images', 'Images', 'JPEGImages', 'data', osp.join('images', 'default'))
_KEYS = (b'"images"', b'"annotations"', b'"categories"')
_SAMPLE = 100  # file names that are looked for to find the folder of the images


class CocoSource:
    """Annotation files of a dataset.

    Args:
        root: Its folder.
        files: The annotation file of each split.
    """

    def __init__(self, root: str, files: dict[str, str], notes: list[str]) -> None:
        self.root, self._files, self.notes = root, files, notes
        self.splits = tuple(files)
        self._folders = Folders()
        self.text = 'COCO: ' + ', '.join(osp.relpath(path, root) for path in files.values())

    def files(self) -> Iterator[str]:
        """Annotation files, and the images below their folders."""
        yield from self._files.values()
        for folder in sorted({_above_annotations(osp.dirname(file))
                              for file in self._files.values()}):
            yield from paths_below(folder)

    def read(self, split: str) -> Content:
        """Read a split; what has one meaning only is put right."""
        path, content = self._files[split], self.as_written(split)
        changed = [*content.faults, *(['fields of annotations added'] if _complete(content.data)
                                      else [])]
        faults = [message for _, message in coco_faults(content.data, path)]
        if faults:
            raise SeveralFaults('the data', faults)
        self._require_images(content, path)
        if changed:
            content.ann_file = None
            content.notes.append(f"{split}: {', '.join(changed)} in a copy of the annotation file")
        return content

    def as_written(self, split: str) -> Content:
        """Read a split; nothing but names of images and missing sizes is put right."""
        path, notes = self._files[split], []
        data = load_coco(path, note=lambda line: notes.append(' '.join(line.split())))
        names = [image.get('file_name') for image in data['images'] if isinstance(image, dict)]
        folder = self._image_folder(split, [name for name in names if isinstance(name, str)])
        return Content(data, folder, path, notes, complete_images(data, folder, self._folders))

    def _image_folder(self, split: str, names: list[str]) -> str:
        """The folder with most of the images under their names, or else under similar ones."""
        sample = names[::len(names) // _SAMPLE + 1]
        candidates = [*dict.fromkeys(self._image_folders(split))]

        def exact(folder: str) -> int:
            return sum(self._folders.has(osp.join(folder, name)) for name in sample)

        def similar(folder: str) -> int:
            return sum(find_file(folder, name, self._folders) is not None for name in sample)

        best = max(candidates, key=exact)
        if exact(best) == len(sample):
            return best
        return max(candidates, key=lambda folder: (
            max(exact(folder), similar(folder)), exact(folder)))

    def _image_folders(self, split: str) -> Iterator[str]:
        beside = osp.dirname(self._files[split])
        for base in dict.fromkeys((beside, _above_annotations(beside), self.root)):
            for name in _IMAGE_FOLDERS:
                folder = osp.join(base, name) if name else base
                if osp.isdir(folder):
                    yield from (osp.join(folder, child) for child in self._folders.below(folder)
                                if split_word(child) == split)
                    yield folder

    def _require_images(self, content: Content, path: str) -> None:
        images = content.data['images']
        lost = [image['file_name'] for image, file in zip(images, content.paths(), strict=True)
                if not self._folders.has(file) and not osp.exists(file)]
        if lost:
            raise UserError(
                f'{len(lost)} of {len(images)} images of {path} not found: {first_few(lost)}.\n'
                f'Searched {content.images} and the other folders of {self.root}, also for '
                'similar names. Put them there, or remove them from the annotation file.')


def complete_images(data: dict, folder: str, folders: Folders) -> dict[str, list[str]]:
    """Put right names of images and missing sizes; what was done, with the names."""
    changed = {'file names corrected': _correct_names(data, folder, folders),
               'sizes of images added': _add_sizes(data, folder)}
    return {what: names for what, names in changed.items() if names}


def _correct_names(data: dict, folder: str, folders: Folders) -> list[str]:
    """Replace names of images that are found under a similar one; the new names."""
    changed = []
    for image in data['images']:
        name = image.get('file_name') if isinstance(image, dict) else None
        if not isinstance(name, str) or folders.has(path := osp.join(folder, name)) or osp.exists(
                path):
            continue
        found = find_file(folder, name, folders)
        if found:
            image['file_name'] = osp.relpath(found.path, folder).replace(os.sep, '/')
            changed.append(image['file_name'])
    return changed


def _add_sizes(data: dict, folder: str) -> list[str]:
    """Add width and height from the images' headers where they are missing; their names."""
    changed = []
    for image in data['images']:
        if isinstance(image, dict) and not {'width', 'height'} <= {*image}:
            try:
                image['width'], image['height'] = image_size(
                    osp.join(folder, str(image.get('file_name'))))
                changed.append(str(image.get('file_name')))
            except ValueError:
                continue  # told with the missing field
    return changed


def _complete(data: dict) -> bool:
    """Add ``area`` and ``iscrowd`` where missing; number boxes whose ids miss or repeat."""
    changed = False
    annotations = [entry for entry in data['annotations'] if isinstance(entry, dict)]
    for entry in annotations:
        if 'area' not in entry and FIELDS['annotations']['bbox'].rule([entry.get('bbox')]):
            entry['area'] = entry['bbox'][2] * entry['bbox'][3]
            changed = True
        if 'iscrowd' not in entry:
            entry['iscrowd'] = 0
            changed = True
    ids = [str(entry.get('id')) for entry in annotations]
    if len({*ids}) < len(ids) or 'None' in ids:
        for number, entry in enumerate(annotations, 1):
            entry['id'] = number
        changed = True
    return changed


def find_coco(path: str) -> CocoSource | None:
    """The COCO files in a folder, or the one given; None if there are none in the folder.

    Raises:
        UserError: If the file of a split is empty, or the split of a file is not clear.
    """
    if osp.isfile(path):
        folder = osp.dirname(path)
        return CocoSource(_above_annotations(folder), dict(train=path), [])
    names = {}
    below = [name for name in sorted(os.listdir(path))
             if name.lower() in ANNOTATION_FOLDERS or split_word(name)]
    for folder in ('', *below):
        for file in _coco_files(osp.join(path, folder)):
            names[file] = split_word(osp.splitext(osp.basename(file))[0]) or folder
    if not names:
        return None
    files, notes = by_split(_instances(names), path, 'COCO files')
    return CocoSource(path, files, notes)


def _instances(names: dict[str, str]) -> dict[str, str]:
    """Without COCO's own files of captions and keypoints where those of boxes are there too."""
    boxes = {file: name for file, name in names.items()
             if osp.basename(file).startswith('instances')}
    return boxes or names


def _coco_files(folder: str) -> list[str]:
    """The JSON files in a folder that have the sections of a COCO file."""
    return [osp.join(folder, name) for name in sorted(os.listdir(folder))
            if name.lower().endswith('.json') and _is_coco(osp.join(folder, name))
            ] if osp.isdir(folder) else []


def _is_coco(path: str) -> bool:
    """Whether the names of the sections occur; large files are not parsed for that."""
    if not osp.isfile(path):
        return False
    if not osp.getsize(path):
        if split_word(osp.basename(path)):
            raise UserError(f'{path} is empty.\nWrite or copy it again, or remove it.')
        return False
    with open(path, 'rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        return all(text.find(key) >= 0 for key in _KEYS)


def _above_annotations(folder: str) -> str:
    """The folder itself, or the one above it if it is called annotations."""
    return osp.dirname(folder) if osp.basename(folder).lower() in ANNOTATION_FOLDERS else folder
