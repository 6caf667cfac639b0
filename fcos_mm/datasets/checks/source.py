"""The COCO-format datasets inside a config, found through all wrappers."""
import os.path as osp
from collections.abc import Iterator, Sequence

from mmdet.datasets import CocoDataset

from fcos_mm.compat.mm_datasets import load_metainfo
from fcos_mm.config.datasets import leaf_datasets
from fcos_mm.datasets.checks.annotations import CocoSource
from fcos_mm.datasets.coco_api import COCO
from fcos_mm.errors import UserError, shorten
from fcos_mm.registry import DATASETS


def coco_sources(cfg, dataloader: str) -> Iterator[CocoSource]:
    """Find the COCO-format datasets of a dataloader.

    Datasets of another type, and subclasses of mmdet's ``CocoDataset`` that
    read their file in their own way, are left alone.

    Raises:
        UserError: If a dataset's settings cannot be used.
    """
    loader = cfg.get(dataloader)
    outer = loader.get('dataset') if isinstance(loader, dict) else None
    for key, dataset in leaf_datasets(outer, f'{dataloader}.dataset'):
        dataset_type = _coco_type(dataset.get('type'))
        if dataset_type is not None:
            # in another scope a plain CocoDataset is mmdet's
            ours = issubclass(dataset_type.COCOAPI, COCO) and cfg.get('default_scope') == 'fcos_mm'
            yield _source(dataset, dataset_type, key, ours)


def check_same_classes(sources: Sequence[CocoSource]) -> None:
    """Check that datasets that are trained on together number their classes alike.

    Raises:
        UserError: If one has other classes, or another order, than the first.
    """
    for source in sources[1:]:
        if source.classes != sources[0].classes:
            raise UserError(
                f'{source.key} and {sources[0].key} have different classes, so one label would '
                f'mean two classes:\n  {shorten(source.classes)}\n  {shorten(sources[0].classes)}\n'
                'Give both the same metainfo.classes, in the same order.')


def _coco_type(name) -> type | None:
    """The dataset's class if it reads its file as ``CocoDataset`` does."""
    found = DATASETS.get(name) if isinstance(name, str) else name
    alike = (isinstance(found, type) and issubclass(found, CocoDataset)
             and found.load_data_list is CocoDataset.load_data_list
             and found.parse_data_info is CocoDataset.parse_data_info)
    return found if alike else None


def _source(dataset: dict, dataset_type: type, key: str, labels_by_name: bool) -> CocoSource:
    root, metainfo = dataset.get('data_root') or '', dataset.get('metainfo')
    prefix = dataset.get('data_prefix') or {}
    if not dataset.get('ann_file'):
        raise UserError(f'{key} has no annotation file.\n'
                        f'Set {key}.ann_file to a COCO-format JSON file.')
    if 'img' not in prefix:
        raise UserError(f'{key}.data_prefix does not say where the images are.\n'
                        f"Set {key}.data_prefix=dict(img='FOLDER/'), relative to data_root.")
    classes = load_metainfo(dataset_type, metainfo).get('classes')
    if not classes or isinstance(classes, str):
        raise UserError(f'{key}.metainfo.classes is {classes!r}, not a list of names.\n'
                        'Write a tuple; a single class needs a comma: '
                        "metainfo=dict(classes=('cell', )).")
    ann_file, images = (path if '://' in path or not root else osp.join(root, path)
                        for path in (dataset['ann_file'], prefix['img']))
    backend = (dataset.get('backend_args') or {}).get('backend', 'local')
    return CocoSource(
        key, ann_file, images, tuple(classes),
        classes_given=bool(metainfo) and 'classes' in metainfo,
        test_mode=bool(dataset.get('test_mode', False)),
        filter_cfg=dict(dataset.get('filter_cfg') or {}),
        local=backend == 'local' and '://' not in ann_file and '://' not in images,
        labels_by_name=labels_by_name)
