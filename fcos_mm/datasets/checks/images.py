"""Checks of images: their number, the filter, missing and duplicate files, sizes."""
import os.path as osp
from collections import Counter
from collections.abc import Iterator

from fcos_mm.config.nearest import did_you_mean
from fcos_mm.datasets.checks.annotations import CheckedData
from fcos_mm.datasets.file_names import KINDS, READ, Folders, find_file, readable, sort_by_kind
from fcos_mm.datasets.image_header import image_size
from fcos_mm.faults import EXAMPLES, Note

#: Images of COCO's splits.
SPLITS = {
    'train2017': 118287, 'val2017': 5000, 'test2017': 40670, 'test-dev2017': 20288,
    'unlabeled2017': 123403, 'train2014': 82783, 'val2014': 40504, 'test2014': 40775,
    'trainval35k': 118287, 'minival': 5000, 'minival2014': 5000, 'valminusminival2014': 35504,
}

#: The headers of as many images are looked at, spread evenly over the dataset.
SAMPLE = 500


def split_size(checked: CheckedData) -> Iterator[str]:
    """Warn about a file named after a split of COCO with another number of images.

    The name stands behind the last underscore: ``instances_val2017.json`` is ``val2017``.
    """
    stem = osp.splitext(osp.basename(checked.source.ann_file))[0]
    name, number = stem.rpartition('_')[2], len(checked.data['images'])
    if SPLITS.get(name, number) == number:
        return
    others = [other for other, size in SPLITS.items() if size == number]
    alike = f", as many as COCO's {' and '.join(others)}" if others else ''
    yield Note(f"{checked.source}: COCO's {name} has {SPLITS[name]:,} images, this file has "
               f'{number:,}{alike}.\nMetrics of it cannot be compared with published ones of '
               f'{name}.')


def remaining_images(checked: CheckedData) -> Iterator[str]:
    """Narrow ``checked.images`` to what the dataset keeps; an image and a box must be left."""
    source, data = checked.source, checked.data
    if not data['images']:
        yield f"{source}: 'images' is empty.\nChoose another {source.key}.ann_file."
    elif not source.test_mode:
        lost: Counter = Counter()
        checked.images = _filtered(checked, lost)
        if not checked.images:
            reasons = ', '.join(f'{number} {why}' for why, number in lost.items())
            yield (f"{source}: no image is left after filtering. Of {len(data['images'])} images "
                   f'{reasons}.\nCorrect the annotation file or change {source.key}.filter_cfg.')
        elif not _has_box(checked):
            yield (f"{source}: there is no box to learn from ({len(data['annotations'])} "
                   f'annotations, {int(checked.usable.sum())} of them with an area inside their '
                   'image; crowds and boxes marked to be ignored do not count).\nCorrect the '
                   f'annotation file or choose another {source.key}.ann_file.')


def _filtered(checked: CheckedData, lost: Counter) -> list[dict]:
    """Images that pass ``filter_cfg``, by mmdet's rule; the reasons of the others are counted."""
    min_size = checked.source.filter_cfg.get('min_size', 0)
    filter_empty = checked.source.filter_cfg.get('filter_empty_gt', False)
    filled = {box['image_id'] for box in checked.data['annotations']
              if box['category_id'] in checked.wanted}
    images = []
    for image in checked.data['images']:
        if filter_empty and image['id'] not in filled:
            lost['have no box of the classes (filter_empty_gt)'] += 1
        elif min(image['width'], image['height']) < min_size:
            lost[f'are smaller than min_size={min_size}'] += 1
        else:
            images.append(image)
    return images


def _has_box(checked: CheckedData) -> bool:
    """Whether there is a box to learn from."""
    ids = {image['id'] for image in checked.images}
    return any(
        usable and box['image_id'] in ids and box['category_id'] in checked.wanted
        and not box.get('ignore') and not box.get('iscrowd')
        for box, usable in zip(checked.data['annotations'], checked.usable, strict=True))


def image_files(checked: CheckedData) -> Iterator[str]:
    """Every image must be there, by one listing per folder, under its name or a similar one."""
    source, folder = checked.source, checked.source.image_folder
    folders, missing = Folders(), {}
    if not osp.isdir(folder or '.'):
        parent, name = osp.split(osp.normpath(folder))
        yield (f'Image folder not found: {folder}{did_you_mean(name, folders.below(parent))}\n'
               f'It is data_root + data_prefix.img of {source.key}. Set {source.key}.data_root to '
               f'the folder of the data and {source.key}.data_prefix.img to the folder of the '
               'images inside it.')
        return
    for image in checked.images:
        path = osp.join(folder, image['file_name'])
        if not folders.has(path) and not osp.exists(path):
            missing[path] = find_file(folder, image['file_name'], folders)
    lost = []
    for (kind, extra), paths in sort_by_kind(missing).items():
        if not kind:
            lost.append(f'{", ".join(paths[:EXAMPLES])}: not found under a similar name either.\n'
                        f'Set {source.key}.data_prefix.img to the folder that the file names are '
                        'relative to, or take these images out of the annotation file.')
            continue
        what, remedy = KINDS[kind]
        where = (f'{paths[0]} ({len(paths)}): the name {what}; the file is '
                 f'{missing[paths[0]].path}.')
        if kind in READ:
            yield Note(f'{source}: {len(paths)} of {len(checked.images)} file names are corrected '
                       f'when the images are read:\n  {where}')
        else:
            lost.append(f'{where}\n{remedy.format(lost=extra)}.')
    if lost:
        count = sum(found is None or found.kind not in READ for found in missing.values())
        more = f' And {len(lost) - 1} more kinds of fault.' if len(lost) > 1 else ''
        yield (f'{source}: {count} of {len(checked.images)} images are missing:\n'
               f'  {lost[0]}{more}')


def repeated_files(checked: CheckedData) -> Iterator[str]:
    """Warn about images that are the file of an earlier one."""
    first: dict = {}
    cases = []
    for image in checked.images:
        name = osp.normpath(image['file_name'])
        earlier = first.setdefault(name, image['id'])
        if earlier != image['id']:
            cases.append(f"image {image['id']} and image {earlier}: {name}")
    if cases:
        yield Note(f'{checked.source}: {len(cases)} of {len(checked.images)} images have the file '
                   'of an earlier one:\n  ' + '\n  '.join(cases[:EXAMPLES]) +
                   '\nThey count twice, each with its own boxes. Unite them.')


def image_sizes(checked: CheckedData) -> Iterator[str]:
    """The sizes in the headers of some images must be the annotated ones.

    Boxes are in pixels of the annotated size. Images without a readable header draw a warning.
    """
    source, images = checked.source, checked.images
    if len(images) > SAMPLE:
        images = [images[index * len(images) // SAMPLE] for index in range(SAMPLE)]
    wrong, damaged = [], []
    for image in images:
        path = readable(osp.join(source.image_folder, image['file_name']))
        try:
            size = image_size(path)
        except ValueError:
            damaged.append(path)
            continue
        if size != (image['width'], image['height']):
            wrong.append(f"{path} is {size[0]} x {size[1]}, its annotation (image id "
                         f"{image['id']!r}) says {image['width']} x {image['height']}")
    looked_at = f'of {len(images)} images looked at'
    if damaged:
        fate = ('A test stops at an image that it cannot read.' if source.test_mode else
                'In training the next image stands in for one that cannot be read.')
        yield Note('\n  '.join([f'{source}: {len(damaged)} {looked_at} have no readable header:',
                                *damaged[:EXAMPLES]]) + f'\n{fate}')
    if wrong:
        yield (
            f'{source}: {len(wrong)} {looked_at} have another size than their annotation says:\n  '
            + '\n  '.join(wrong[:EXAMPLES]) +
            '\nBoxes are in pixels of the annotated size. Annotate the images as they are (a '
            "camera's rotation, kept in the file, counts), or use the images that were annotated.")
