"""Whether an annotation file named after a split of COCO holds that split."""
import os.path as osp
from collections.abc import Callable

from .source import CocoSource

#: Images of COCO's splits.
SPLITS = {
    'train2017': 118287,
    'val2017': 5000,
    'test2017': 40670,
    'test-dev2017': 20288,
    'unlabeled2017': 123403,
    'train2014': 82783,
    'val2014': 40504,
    'test2014': 40775,
    'trainval35k': 118287,
    'minival': 5000,
    'minival2014': 5000,
    'valminusminival2014': 35504,
}


def check_split_size(source: CocoSource, data: dict, warn: Callable[[str], None]) -> None:
    """Warn about a file with the name of a split and another number of images.

    The name is what stands behind the last underscore:
    ``instances_val2017.json`` is ``val2017``.

    Args:
        source: The dataset.
        data: Its annotation file's contents.
        warn: Called with the warning.
    """
    stem = osp.splitext(osp.basename(source.ann_file))[0]
    name = stem.rpartition('_')[2]
    number = len(data['images'])
    if name not in SPLITS or number == SPLITS[name]:
        return
    others = [other for other, size in SPLITS.items() if size == number]
    alike = f", as many as COCO's {' and '.join(others)}" if others else ''
    warn(f"{source.describe()}: COCO's {name} has {SPLITS[name]:,} images, this file has "
         f'{number:,}{alike}.\nFigures of it cannot be compared with published ones of {name}.')
