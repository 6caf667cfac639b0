"""``check_config_data``: every check, over the datasets of a config."""
import logging
import os

from mmengine.logging import print_log

from fcos_mm.config.datasets import LOADERS
from fcos_mm.faults import Faults

from .annotations import check_fields, read_annotation_file
from .boxes import check_boxes
from .categories import check_categories, check_num_classes
from .evaluators import check_evaluators
from .headers import check_image_sizes
from .images import check_image_files, kept_images, warn_repeated_files
from .source import CocoSource, check_same_classes, coco_sources
from .splits import check_split_size

# How launchers tell a process which one it is on its machine.
_LOCAL_RANKS = ('LOCAL_RANK', 'SLURM_LOCALID', 'OMPI_COMM_WORLD_LOCAL_RANK')


def check_config_data(cfg, mode: str) -> None:
    """Check the data of a config before the runner is built.

    Only datasets in COCO format on the local disk are looked at, and only by
    the first process of a machine. Faults that the dataset repairs by skipping
    a box are logged as warnings.

    Args:
        cfg (Config): The config.
        mode: ``'train'`` (the training data, and the validation data if
            configured) or ``'test'``.

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
            _check_loader(cfg, loader)
    faults.raise_all()


def _check_loader(cfg, loader: str) -> None:
    """Check the datasets of a dataloader, and that what evaluates them is about the same images."""
    evaluated, faults = loader != 'train_dataloader', Faults()
    image_ids: list[tuple[CocoSource, set]] = []
    sources = list(coco_sources(cfg, loader))
    for source in sources:
        if source.local:
            with faults.gather():
                image_ids.append((source, _check_source(cfg, source, evaluated)))
    if not evaluated:
        with faults.gather():
            check_same_classes(sources)
    faults.raise_all()
    if evaluated and image_ids:
        check_evaluators(cfg, loader.replace('dataloader', 'evaluator'), image_ids)


def _check_source(cfg, source: CocoSource, evaluated: bool) -> set:
    """Check one dataset and return the ids of its images."""
    data = read_annotation_file(source, _warn)
    check_split_size(source, data, _warn)
    check_fields(source, data, evaluated)
    faults = Faults()
    with faults.gather():
        check_categories(source, data, _warn)
        check_num_classes(cfg, source)
    with faults.gather():
        kept = check_boxes(source, data, _warn)
    with faults.gather():
        images = data['images'] if faults.messages else kept_images(source, data, kept)
        check_image_files(source, images, _warn)
    faults.raise_all()
    warn_repeated_files(source, images, _warn)
    check_image_sizes(source, images, _warn)
    return {image['id'] for image in data['images']}


def _warn(message: str) -> None:
    """Log a warning, once where several processes run."""
    if os.environ.get('RANK', '0') == '0':
        print_log(message, logger='current', level=logging.WARNING)
