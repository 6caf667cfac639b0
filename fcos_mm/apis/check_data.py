"""Checking data without training: what ``fcos-mm check-data`` does."""
import argparse
import os
import tempfile
from collections.abc import Sequence

from mmengine.config import Config
from mmengine.logging import MMLogger

from fcos_mm.apis.console import tidy_screen
from fcos_mm.config import load_config
from fcos_mm.config.datasets import LOADERS
from fcos_mm.config.shipped import shipped_configs
from fcos_mm.datasets.checks import check_config_data, coco_sources
from fcos_mm.datasets.checks.summary import class_table, summarise
from fcos_mm.errors import UserError


def run(args: argparse.Namespace) -> None:
    """Print what the data of a config or a folder hold, and check them.

    Raises:
        UserError: If they cannot be used.
    """
    tidy_screen(MMLogger.get_current_instance())
    if not is_data(args.config):
        if args.classes:
            raise UserError('--classes is for a folder; a config names its classes.')
        check(load_config(args.config, args.cfg_options))
    elif args.cfg_options:
        raise UserError(f'--cfg-options is for a config, and {args.config} is data.')
    else:
        check_folder(args.config, args.classes)
    print('The data can be trained on.')


def is_data(name: str) -> bool:
    """Whether a name is that of data, not of a config."""
    is_config = name.endswith('.py') or '::' in name or name in shipped_configs()
    return os.path.exists(name) and not is_config


def check_folder(path: str, classes: list[str] | None = None) -> None:
    """Print what a folder holds, in any layout that ``train --data`` takes, and check it.

    Raises:
        UserError: If it cannot be used.
    """
    from fcos_mm.datasets.sources import prepare_data
    with tempfile.TemporaryDirectory(prefix='fcos_mm_data_') as folder:
        data = prepare_data(path, folder, classes=classes)
        print('\n'.join([data.layout, *data.notes]))
        cfg = Config({'default_scope': 'fcos_mm', **{
            f'{name}_dataloader': dict(dataset=dict(
                type='CocoDataset', ann_file=split.ann_file, data_prefix=dict(img=split.images),
                metainfo=dict(classes=data.classes), test_mode=name != 'train'))
            for name, split in data.splits.items()}})
        check(cfg, ('train', 'test') if 'test' in data.splits else ('train', ))


def check(cfg: Config, modes: Sequence[str] = ('train', )) -> None:
    """Check the data of a config and print how many images and boxes each class has.

    Raises:
        UserError: If they cannot be used.
    """
    splits = {}
    for mode in modes:
        check_config_data(cfg, mode)
        for loader in LOADERS[mode]:
            splits.update({
                source.key.replace('_dataloader.dataset', ''):
                summarise(source.ann_file, source.classes)
                for source in coco_sources(cfg, loader) if source.local})
    if splits:
        print('\n'.join(['', *class_table(splits), '']))
