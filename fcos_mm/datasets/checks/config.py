"""``check_config_data``: every check, over the datasets of a config."""
import logging
import os
import os.path as osp
from collections.abc import Callable, Iterator

from mmengine.config import Config
from mmengine.logging import print_log

from fcos_mm.config.datasets import LOADERS
from fcos_mm.datasets.checks.annotations import CheckedData, CocoSource
from fcos_mm.datasets.checks.boxes import box_form, repeated_boxes, skipped_boxes
from fcos_mm.datasets.checks.categories import classes, head_classes, left_out_categories
from fcos_mm.datasets.checks.evaluators import check_evaluators
from fcos_mm.datasets.checks.images import (
    image_files,
    image_sizes,
    remaining_images,
    repeated_files,
    split_size,
)
from fcos_mm.datasets.checks.source import check_same_classes, coco_sources
from fcos_mm.datasets.coco_format import DATASET, EVALUATED, coco_faults, load_coco
from fcos_mm.errors import UserError
from fcos_mm.faults import Faults, Note

# How launchers tell a process which one it is on its machine.
_LOCAL_RANKS = ('LOCAL_RANK', 'SLURM_LOCALID', 'OMPI_COMM_WORLD_LOCAL_RANK')

# In order, with what must have passed before: sections of the file and names of other checks.
_CHECKS: dict[Callable[[CheckedData], Iterator[str]], set[str]] = {
    split_size: {'images'},
    classes: {'categories'},
    head_classes: {'classes'},
    left_out_categories: {'classes', 'annotations'},
    box_form: {'images', 'annotations'},
    skipped_boxes: {'box_form'},
    repeated_boxes: {'box_form', 'categories'},
    remaining_images: {'classes', 'head_classes', 'box_form'},
    image_files: {'images'},
    repeated_files: {'remaining_images', 'image_files'},
    image_sizes: {'remaining_images', 'image_files'},
}


def check_config_data(cfg: Config, mode: str, warn: Callable[[str], None] | None = None
                      ) -> None:
    """Check the data of a config before the runner is built.

    Only datasets in COCO format on the local disk are looked at, and only by
    the first process of a machine. Faults that the dataset repairs by skipping
    a box are logged as warnings.

    Args:
        mode: ``'train'`` (the training data, and the validation data if
            configured) or ``'test'``.
        warn: Gets each warning, instead of the log.

    Raises:
        UserError: If the data cannot be used; the message names the file,
            image or key and the remedy, of every fault that can be seen
            beside the others.
    """
    if any(os.environ.get(name, '0') != '0' for name in _LOCAL_RANKS):
        return
    faults = Faults()
    for loader in LOADERS[mode]:
        with faults.gather():
            _check_loader(cfg, loader, warn or _warn)
    faults.raise_all()


def _check_loader(cfg: Config, loader: str, warn: Callable[[str], None]) -> None:
    """Check the datasets of a dataloader, and that what evaluates them is about the same images."""
    evaluated, faults = loader != 'train_dataloader', Faults()
    image_ids: list[tuple[CocoSource, set]] = []
    sources = list(coco_sources(cfg, loader))
    for source in sources:
        if source.local:
            with faults.gather():
                image_ids.append((source, _check_source(cfg, source, evaluated, warn)))
    if not evaluated:
        with faults.gather():
            check_same_classes(sources)
    faults.raise_all()
    if evaluated and image_ids:
        check_evaluators(cfg, loader.replace('dataloader', 'evaluator'), image_ids)


def _check_source(cfg: Config, source: CocoSource, evaluated: bool,
                  warn: Callable[[str], None]) -> set:
    """Check one dataset and return the ids of its images."""
    path, needs = source.ann_file, EVALUATED if evaluated else DATASET
    if not osp.isfile(path):
        raise UserError(f'Annotation file not found: {path}\nThe path is data_root + ann_file of '
                        f'{source.key}. Set {source.key}.data_root to the data folder and '
                        f'{source.key}.ann_file to the file inside it.')
    data = load_coco(path, needs, annotated=not source.test_mode, note=warn)
    faults, failed = Faults(), set()
    for section, message in coco_faults(data, path, needs):
        failed.add(section)
        faults.messages.append(message)
    checked = CheckedData(source, data, cfg)
    for check, needed in _CHECKS.items():
        if failed & needed:
            failed.add(check.__name__)
            continue
        for message in check(checked):
            if isinstance(message, Note):
                message.check = check.__name__
                warn(message)
            else:
                failed.add(check.__name__)
                faults.messages.append(message)
    faults.raise_all()
    return {image['id'] for image in data['images']}


def _warn(message: str) -> None:
    """Log a warning, once where several processes run."""
    if os.environ.get('RANK', '0') == '0':
        print_log(message, logger='current', level=logging.WARNING)
