"""Folder layouts of datasets with one XML file per image: PASCAL VOC, LabelImg, Roboflow."""
import os
import os.path as osp
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

from fcos_mm.datasets.converters.coco import require_folder
from fcos_mm.errors import UserError

#: Name of the one split of a dataset that does not say which images belong to which.
ALL = 'all'

_SPLIT_FOLDER = osp.join('ImageSets', 'Main')
_ANNOTATION_FOLDERS = ('Annotations', 'annotations', 'labels')
_IMAGE_FOLDERS = ('JPEGImages', 'images', 'Images')
_ONE_CLASS = re.compile(r'.*\s-?[01]')  # a line of PASCAL VOC's files about one class


@dataclass(frozen=True)
class VocLayout:
    """The folders of a dataset.

    Attributes:
        images: Folder that the names of the images are relative to.
        annotations: Folder of the XML files, laid out as that of the images.
        listed: Whether a split is a list of images in ``ImageSets/Main``. If
            not, it is a folder in ``images``, or ``'all'``, everything there.
    """
    root: str
    images: str
    annotations: str
    splits: list[str]
    listed: bool

    def split_file(self, split: str) -> str:
        """The list of images of a split, if the splits are lists."""
        return osp.join(self.root, _SPLIT_FOLDER, f'{split}.txt')


def voc_layout(root: str) -> VocLayout:
    """Find the folders of a dataset.

    - PASCAL VOC: ``Annotations``, ``JPEGImages`` (or ``images``) and a list a
      split in ``ImageSets/Main``. Without the lists a folder that is in both is
      a split, and without such folders every image counts.
    - LabelImg: XML files beside the images. Every image counts.
    - Roboflow: the same in a folder a split, such as ``train`` and ``valid``.

    Raises:
        UserError: If there are no XML files in any of these places.
    """
    require_folder(root, 'XML files, or a folder Annotations with XML files')
    annotations = next((folder for name in _ANNOTATION_FOLDERS
                        if has_xml(folder := osp.join(root, name)) or _xml_below(folder)),
                       osp.join(root, _ANNOTATION_FOLDERS[0]))
    if osp.isdir(annotations) or osp.isdir(osp.join(root, _SPLIT_FOLDER)):
        return _pascal(root, annotations)
    if has_xml(root):
        return VocLayout(root, root, root, [ALL], listed=False)
    splits = _xml_below(root)
    if not splits:
        raise UserError(f'No XML files found in {root}: neither in {osp.join(root, "Annotations")}'
                        ', nor next to the images, nor in its subfolders.\nGive the folder of a '
                        'dataset in PASCAL VOC, LabelImg or Roboflow layout.')
    return VocLayout(root, root, root, splits, listed=False)


def _pascal(root: str, annotations: str) -> VocLayout:
    require_folder(annotations, 'one XML file per image')
    images = next((osp.join(root, name) for name in _IMAGE_FOLDERS
                   if osp.isdir(osp.join(root, name))), osp.join(root, _IMAGE_FOLDERS[0]))
    require_folder(images, 'the images')
    listed = _listed_splits(root)
    folders = [name for name in _xml_below(annotations) if osp.isdir(osp.join(images, name))]
    return VocLayout(root, images, annotations, listed or folders or [ALL], listed=bool(listed))


def _listed_splits(root: str) -> list[str]:
    """Names of the files in ImageSets/Main that list the images of a split.

    PASCAL VOC also has files about one class (``cat_train.txt``), with 1, 0 or
    -1 behind every name. Those are no splits.
    """
    folder = osp.join(root, _SPLIT_FOLDER)
    if not osp.isdir(folder):
        return []
    lists = {name[:-4]: read_lines(osp.join(folder, name)) for name in sorted(os.listdir(folder))
             if name.endswith('.txt')}
    return [name for name, lines in lists.items()
            if not lines or not all(_ONE_CLASS.fullmatch(line) for line in lines)]


def read_lines(path: str) -> list[str]:
    """The lines of a list of images, without blank ones."""
    with open(path, encoding='utf-8-sig') as file:
        return [line.strip() for line in file if line.strip()]


def has_annotations(root: str) -> bool:
    """Whether there are XML files of images where :func:`voc_layout` looks for them."""
    for folder in (root, *(osp.join(root, name) for name in _ANNOTATION_FOLDERS)):
        for parent in (folder, *(osp.join(folder, name) for name in _xml_below(folder))):
            if has_xml(parent):
                return _is_of_image(osp.join(parent, min(
                    name for name in os.listdir(parent) if name.lower().endswith('.xml'))))
    return False


def _is_of_image(path: str) -> bool:
    """Whether an XML file is about one image; a broken one may be."""
    try:
        return ElementTree.parse(path).getroot().tag == 'annotation'
    except (ElementTree.ParseError, ValueError):
        return True


def _xml_below(folder: str) -> list[str]:
    """The folders in a folder that hold XML files, without hidden ones."""
    return [name for name in sorted(os.listdir(folder)) if not name.startswith('.')
            and has_xml(osp.join(folder, name))] if osp.isdir(folder) else []


def has_xml(folder: str) -> bool:
    """Whether there are XML files in a folder; not if there is no such folder."""
    return osp.isdir(folder) and any(
        name.lower().endswith('.xml') for name in os.listdir(folder))
