"""The COCO-format datasets inside a config, found through all wrappers."""
import os.path as osp
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from fcos_mm.errors import UserError, shorten


@dataclass(frozen=True)
class CocoSource:
    """One COCO-format dataset of a config, its paths joined as mmdet does.

    Attributes:
        key: Where it stands in the config, e.g. ``train_dataloader.dataset``.
        image_folder: Folder the file names of the images are relative to.
        classes_given: False where the classes are the dataset type's own
            because the config does not set ``metainfo.classes``.
        test_mode: Whether mmdet skips the filter.
        labels_by_name: Whether labels follow the order of ``classes``; mmdet's
            own datasets number them in the order of the file's categories.
    """
    key: str
    ann_file: str
    image_folder: str = ''
    classes: tuple = ()
    classes_given: bool = True
    test_mode: bool = False
    filter_cfg: dict = field(default_factory=dict)
    local: bool = True
    labels_by_name: bool = False

    def __str__(self) -> str:
        return f'{self.key} ({self.ann_file})'


def coco_sources(cfg, dataloader: str) -> Iterator[CocoSource]:
    """Find the COCO-format datasets of a dataloader.

    Datasets of another type, and subclasses of mmdet's ``CocoDataset`` that
    read their file in their own way, are left alone.

    Raises:
        UserError: If a dataset's settings cannot be used.
    """
    from fcos_mm.config.datasets import leaf_datasets
    loader = cfg.get(dataloader)
    if not isinstance(loader, dict) or 'dataset' not in loader:
        return
    for key, dataset in leaf_datasets(loader['dataset'], f'{dataloader}.dataset'):
        dataset_type = _coco_type(dataset.get('type'))
        if dataset_type is not None:
            source = _source(dataset, dataset_type, key)
            # in another scope a plain CocoDataset is mmdet's
            ours = source.labels_by_name and cfg.get('default_scope') == 'fcos_mm'
            yield replace(source, labels_by_name=ours)


def check_same_classes(sources: Sequence[CocoSource]) -> None:
    """Check that datasets that are trained on together number their classes alike.

    Raises:
        UserError: If one has other classes, or another order, than the first.
    """
    for source in sources[1:]:
        if source.classes != sources[0].classes:
            raise UserError(
                f'{source.key} has other classes than {sources[0].key}, so one label would mean '
                f'two classes:\n  {shorten(source.classes)}\n  {shorten(sources[0].classes)}\n'
                'Give both the same metainfo.classes, in the same order.')


def _coco_type(name) -> type | None:
    """The dataset's class if it reads its file as ``CocoDataset`` does."""
    from mmdet.datasets import CocoDataset

    from fcos_mm.registry import DATASETS
    found = DATASETS.get(name) if isinstance(name, str) else name
    if (isinstance(found, type) and issubclass(found, CocoDataset)
            and found.load_data_list is CocoDataset.load_data_list
            and found.parse_data_info is CocoDataset.parse_data_info):
        return found
    return None


def _source(dataset: dict, dataset_type: type, key: str) -> CocoSource:
    from fcos_mm.datasets.coco_api import COCO
    root = dataset.get('data_root') or ''
    prefix = dataset.get('data_prefix') or {}
    if not dataset.get('ann_file'):
        raise UserError(f'{key} has no annotation file.\n'
                        f'Set {key}.ann_file to a COCO-format JSON file.')
    if 'img' not in prefix:
        raise UserError(
            f"{key}.data_prefix does not say where the images are.\n"
            f"Set {key}.data_prefix=dict(img='FOLDER/'), the folder relative "
            'to data_root.')
    classes, given = _classes(dataset, dataset_type, key)
    paths = [path if '://' in path or not root else osp.join(root, path)
             for path in (dataset['ann_file'], prefix['img'])]
    backend = (dataset.get('backend_args') or {}).get('backend', 'local')
    return CocoSource(
        key=key,
        ann_file=paths[0],
        image_folder=paths[1],
        classes=classes,
        classes_given=given,
        test_mode=bool(dataset.get('test_mode', False)),
        filter_cfg=dict(dataset.get('filter_cfg') or {}),
        local=backend == 'local' and not any('://' in path for path in paths),
        labels_by_name=issubclass(dataset_type.COCOAPI, COCO))


def _classes(dataset: dict, dataset_type: type, key: str) -> tuple:
    """The classes as mmdet resolves them, and whether the config sets them."""
    from fcos_mm.compat.mm_datasets import load_metainfo
    metainfo = dataset.get('metainfo')
    classes = load_metainfo(dataset_type, metainfo).get('classes')
    if not classes or isinstance(classes, str):
        raise UserError(
            f'{key}.metainfo.classes is {classes!r}, not a list of names.\n'
            "Write it as a tuple, a single class with a comma: "
            "metainfo=dict(classes=('cell', )).")
    return tuple(classes), bool(metainfo) and 'classes' in metainfo
