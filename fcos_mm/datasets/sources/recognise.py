"""Which layout a folder or file has."""
import os
import os.path as osp
from collections import Counter
from collections.abc import Callable

from fcos_mm.datasets.converters.coco import IMAGE_SUFFIXES
from fcos_mm.datasets.converters.yolo import YAML_SUFFIXES
from fcos_mm.datasets.sources.coco import ANNOTATION_FOLDERS, find_coco
from fcos_mm.datasets.sources.source import Source
from fcos_mm.datasets.sources.voc import find_voc
from fcos_mm.datasets.sources.yolo import find_yolo
from fcos_mm.errors import UserError
from fcos_mm.faults import first_few

#: By the ending of a format's annotations, what finds it. The order is that of messages.
_FORMATS: dict[str, Callable[[str], Source | None]] = {
    '.json': find_coco, '.xml': find_voc, '.txt': find_yolo}
_LOOKED_FOR = """\
Looked for:
  COCO   JSON files in the folder, in annotations/, or in train/, valid/ and test/
  VOC    XML files in Annotations/, next to the images, or in train/, valid/ and test/
  YOLO   data.yaml, or images/ and labels/ with text files, or text files next to the images"""


def recognise(path: str) -> Source:
    """Recognise a dataset in COCO's, PASCAL VOC's or YOLO's layout; nothing is written.

    Args:
        path: The folder of the dataset, a COCO file or a ``data.yaml``. The folder
            ``annotations`` or ``labels`` of a dataset stands for the formats that it holds.

    Raises:
        UserError: If there is no dataset or more than one.
    """
    path = osp.abspath(path)
    if osp.isfile(path):
        return _of_file(path)
    if not osp.isdir(path):
        raise UserError(f'Not found: {path}\nGive the folder with your images and annotations, a '
                        'COCO file or a data.yaml.')
    found = _in_folder(path)
    if found is not None:
        return found
    below = {name: source for name in sorted(os.listdir(path)) if not name.startswith('.')
             and osp.isdir(osp.join(path, name))
             and (source := _in_folder(osp.join(path, name))) is not None}
    if len(below) > 1:
        raise UserError(f'{path} contains {len(below)} datasets: {first_few([*below])}.\n'
                        'Give the folder of one of them.')
    if not below:
        raise UserError(f'No dataset found in {path}.\n{_LOOKED_FOR}\nFound: {_survey(path)}')
    (name, source), = below.items()
    source.text += f', in {name}'
    return source


def _of_file(path: str) -> Source:
    suffix = osp.splitext(path)[1].lower()
    if suffix == '.json':
        return find_coco(path)
    if suffix in YAML_SUFFIXES:
        return find_yolo(path)
    raise UserError(f'Not a dataset: {path}\nGive a COCO file (.json), a data.yaml or the folder '
                    'with your images and annotations.')


def _in_folder(path: str) -> Source | None:
    """The one dataset in a folder; None if there is none."""
    root, formats = path, [*_FORMATS]
    if osp.basename(path).lower() in ANNOTATION_FOLDERS:
        endings = {osp.splitext(name)[1].lower() for name in os.listdir(path)}
        if not endings & {*IMAGE_SUFFIXES} and endings & {*formats}:
            root, formats = osp.dirname(path), [one for one in formats if one in endings]
    found = [source for one in formats if (source := _FORMATS[one](root)) is not None]
    if len(found) > 1:
        raise UserError(
            f'{root} contains annotations in {len(found)} formats:\n  '
            + '\n  '.join(source.text for source in found)
            + '\nGive the folder of the annotations to use (such as annotations or labels), the '
            'COCO file or the data.yaml.')
    return found[0] if found else None


def _survey(path: str) -> str:
    """How many files of the kinds that matter there are."""
    count: Counter = Counter()
    for _, _, names in os.walk(path):
        for name in names:
            suffix = osp.splitext(name)[1].lower()
            count['images' if suffix in IMAGE_SUFFIXES else suffix] += 1
    kinds = ('images', '.json', '.xml', '.txt', '.yaml')
    hint = ''
    if count['.json'] > 1 and count['.json'] * 2 > count['images']:
        hint = (" One JSON file per image is LabelMe's format: convert it to COCO "
                '(labelme2coco).')
    elif other := _json_files(path):
        verb, it = ('lacks', 'it') if len(other) == 1 else ('lack', 'one')
        hint = ('\nA COCO file has "images", "annotations" and "categories", which '
                f'{first_few(other)} {verb}: is {it} truncated?')
    return ', '.join(f'{count[kind]} {kind}' for kind in kinds) + '.' + hint


def _json_files(path: str) -> list[str]:
    """JSON files where those of COCO's format would have been found."""
    folders = ['', *(name for name in sorted(os.listdir(path))
                     if name.lower() in ANNOTATION_FOLDERS and osp.isdir(osp.join(path, name)))]
    return [osp.join(folder, name) for folder in folders
            for name in sorted(os.listdir(osp.join(path, folder)))
            if name.lower().endswith('.json')]
