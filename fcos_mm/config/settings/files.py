"""``ann_files`` and ``image_dirs``: what loaders and evaluators read, by split."""
import os.path as osp

from mmengine.config import Config

from fcos_mm.config.datasets import leaf_datasets
from fcos_mm.config.keys import listed
from fcos_mm.config.settings.given import Given

_SPLITS = ('train', 'val', 'test')


def apply_ann_files(cfg: Config | dict, given: Given) -> None:
    """Let the dataset and the evaluators of each split read an annotation file.

    A file is below the ``data_root`` of its dataset. Without one for ``test`` the test reads
    what the validation reads.
    """
    for split, file in _by_split(cfg, given).items():
        dataset = _dataset(cfg, split, given)
        dataset['ann_file'] = file
        path = osp.join(dataset.get('data_root') or '', file)
        for _, metric in listed(cfg.get(f'{split}_evaluator'), ''):
            if metric.get('ann_file') is not None:
                metric['ann_file'] = path


def apply_image_dirs(cfg: Config | dict, given: Given) -> None:
    """Let the dataset of each split read images from a folder, or all from the same one."""
    folders = (dict.fromkeys([split for split in _SPLITS if cfg.get(f'{split}_dataloader')],
                             given.value)
               if isinstance(given.value, str) else _by_split(cfg, given))
    for split, folder in folders.items():
        _dataset(cfg, split, given)['data_prefix'] = dict(img=folder)


def _by_split(cfg: Config | dict, given: Given) -> dict[str, str]:
    values = given.value
    if not isinstance(values, dict) or not values.keys() <= set(_SPLITS) or not all(
            isinstance(value, str) for value in values.values()):
        raise given.error('it must name a path for each split.\n'
                          f"Write {given.name} = dict(train='...', val='...', test='...').")
    if 'val' in values and cfg.get('test_dataloader'):
        values = {'test': values['val'], **values}
    return values


def _dataset(cfg: Config | dict, split: str, given: Given) -> dict:
    key = f'{split}_dataloader'
    leaves = list(leaf_datasets((cfg.get(key) or {}).get('dataset'), f'{key}.dataset'))
    if len(leaves) != 1:
        raise given.error(f'{key} has {len(leaves) or "no"} datasets, and the setting is for one.'
                          f'\nSet {key}.dataset instead.')
    return leaves[0][1]
