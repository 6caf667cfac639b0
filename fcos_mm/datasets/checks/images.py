"""Checks of a dataset's images: which remain, and whether they are there."""
import os.path as osp
from collections import Counter
from collections.abc import Callable

import numpy as np

from fcos_mm.config.nearest import did_you_mean
from fcos_mm.datasets.file_names import KINDS, READ, Folders, find_file, sort_by_kind
from fcos_mm.errors import UserError
from fcos_mm.faults import EXAMPLES

from .source import CocoSource


def kept_images(source: CocoSource, data: dict, kept: np.ndarray) -> list:
    """The images left after the dataset's filter.

    Args:
        source: The dataset.
        data: Its annotation file's contents, fields checked.
        kept: (N, ) bool, the annotations that the dataset keeps.

    Returns:
        list[dict]: Entries of ``images``.

    Raises:
        UserError: If no image or, in training, no box is left.
    """
    if not data['images']:
        raise UserError(f"{source.describe()}: 'images' is empty.\n"
                        f'Choose another {source.key}.ann_file.')
    if source.test_mode:
        return data['images']
    images = _filter(source, data)
    ids = {image['id'] for image in images}
    wanted = _wanted_categories(source, data)
    if not any(
            keep and box['image_id'] in ids and box['category_id'] in wanted
            and not box.get('ignore') and not box.get('iscrowd')
            for box, keep in zip(data['annotations'], kept, strict=True)):
        raise UserError(
            f'{source.describe()}: there is no box to learn from '
            f"({len(data['annotations'])} annotations, "
            f'{int(kept.sum())} of them with an area inside their image; '
            'crowds and boxes marked to be ignored do not count).\n'
            'Correct the annotation file or choose another '
            f'{source.key}.ann_file.')
    return images


def _filter(source: CocoSource, data: dict) -> list:
    """Images that pass ``filter_cfg``, by mmdet's rule."""
    min_size = source.filter_cfg.get('min_size', 0)
    filter_empty = source.filter_cfg.get('filter_empty_gt', False)
    wanted = _wanted_categories(source, data)
    filled = {box['image_id'] for box in data['annotations']
              if box['category_id'] in wanted}
    images, lost = [], Counter()
    for image in data['images']:
        if filter_empty and image['id'] not in filled:
            lost['have no box of the classes (filter_empty_gt)'] += 1
        elif min(image['width'], image['height']) < min_size:
            lost[f'are smaller than min_size={min_size}'] += 1
        else:
            images.append(image)
    if not images:
        reasons = ', '.join(f'{number} {why}' for why, number in lost.items())
        raise UserError(
            f'{source.describe()}: no image is left after filtering. Of '
            f"{len(data['images'])} images {reasons}.\n"
            f'Correct the annotation file or change {source.key}.filter_cfg.')
    return images


def _wanted_categories(source: CocoSource, data: dict) -> set:
    return {entry['id'] for entry in data['categories']
            if entry['name'] in source.classes}


def check_image_files(source: CocoSource, images: list, warn: Callable[[str], None]) -> None:
    """Check that every image is there, by one listing per folder.

    Args:
        source: The dataset.
        images: Entries of ``images`` that will be read.
        warn: Called with a message about names that are put right when the
            images are read.

    Raises:
        UserError: If the folder or an image is missing; the message says where
            the images are, if they are found under a similar name.
    """
    folder = source.image_folder
    if not osp.isdir(folder or '.'):
        raise UserError(
            f'Image folder not found: {folder}{_similar_folder(folder)}\nIt is data_root + '
            f'data_prefix.img of {source.key}. Set {source.key}.data_root to '
            f'the folder of the data and {source.key}.data_prefix.img to the '
            'folder of the images inside it.')
    folders = Folders()
    missing = {}
    for image in images:
        path = osp.join(folder, image['file_name'])
        if not folders.has(path) and not osp.exists(path):
            missing[path] = image['file_name']
    if missing:
        found = {path: find_file(folder, name, folders) for path, name in missing.items()}
        _tell_missing(source, found, len(images), warn)


def _similar_folder(folder: str) -> str:
    """A question that names the folder beside the missing one that is spelled alike."""
    parent, name = osp.split(osp.normpath(folder))
    return did_you_mean(name, Folders().below(parent))


def _tell_missing(source: CocoSource, found: dict, number: int,
                  warn: Callable[[str], None]) -> None:
    """Warn about or refuse missing images by what is wrong with their names."""
    lost = []
    for (kind, folder), paths in sort_by_kind(found).items():
        first = paths[0]
        if not kind:
            lost.append(f'{", ".join(paths[:EXAMPLES])}: not found under a similar name '
                        'either.\nSet '
                        f'{source.key}.data_prefix.img to the folder that the file names are '
                        'relative to, or take these images out of the annotation file.')
            continue
        what, remedy = KINDS[kind]
        where = f'{first} ({len(paths)}): the name {what}; the file is {found[first].path}.'
        if kind in READ:
            warn(f'{source.describe()}: {len(paths)} of {number} file names are put right when '
                 f'the images are read:\n  {where}')
        else:
            lost.append(f'{where}\n{remedy.format(lost=folder)}.')
    if lost:
        count = sum(found[path] is None or found[path].kind not in READ for path in found)
        more = f' And {len(lost) - 1} more kinds of fault.' if len(lost) > 1 else ''
        raise UserError(f'{source.describe()}: {count} of {number} images are not there:\n'
                        f'  {lost[0]}{more}')


def warn_repeated_files(source: CocoSource, images: list, warn: Callable[[str], None]) -> None:
    """Warn about images that are the file of an earlier one.

    Args:
        source: The dataset.
        images: Entries of ``images`` that will be read.
        warn: Called with a message about them.
    """
    first: dict = {}
    cases = []
    for image in images:
        name = osp.normpath(image['file_name'])
        earlier = first.setdefault(name, image['id'])
        if earlier != image['id']:
            cases.append(f"image {image['id']} and image {earlier}: {name}")
    if cases:
        warn(f'{source.describe()}: {len(cases)} of {len(images)} images have the file of an '
             'earlier one:\n  ' + '\n  '.join(cases[:EXAMPLES]) +
             '\nThey count twice, each with its own boxes. Unite them.')

