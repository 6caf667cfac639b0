"""What ``fcos-mm browse`` does: pictures as training sees them."""
import argparse
from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope

from fcos_mm.analysis.heads import build_samples, head_type
from fcos_mm.analysis.location_samples import LocationSamples
from fcos_mm.apis.browsing.source import config_of
from fcos_mm.apis.console import tidy_screen
from fcos_mm.browse.page import settings_of, write_browse_page, write_files
from fcos_mm.browse.picture import Picture
from fcos_mm.browse.samples import choose, load, training_set
from fcos_mm.datasets.checks import check_config_data
from fcos_mm.models.head import FCOSHead


def run(args: argparse.Namespace) -> None:
    """Write pictures of a config or of a user's own data, as one page or as files.

    Raises:
        UserError: If the config, the data or an option cannot be used.
    """
    tidy_screen(MMLogger.get_current_instance())
    with config_of(args.config, args.cfg_options, args.classes) as cfg, \
            DefaultScope.overwrite_default_scope(cfg.get('default_scope') or 'fcos_mm'):
        check_config_data(_training_part(cfg), 'train')
        head = head_type(cfg)
        samples = build_samples(cfg) if head and issubclass(head, FCOSHead) else None
        name = head.__name__ if head else 'no dense head'
        if samples is None:
            print(f'The detector has {name}, not FCOSHead: its boxes are shown, no locations.')
        pictures = _pictures(cfg, args, samples)
        if args.png:
            write_files(pictures, args.png)
            return
        write_browse_page(pictures, args.out, f'Training pictures: {Path(args.config).name}',
                          settings_of(samples, name, args.augmentation))
        print(f'written to {args.out}')


def _training_part(cfg: Config) -> Config:
    """What is checked: other data than those that are shown may be missing."""
    return Config({key: cfg[key] for key in ('default_scope', 'train_dataloader') if key in cfg})


def _pictures(cfg: Config, args: argparse.Namespace, samples: LocationSamples | None
              ) -> Iterator[Picture]:
    dataset = training_set(cfg, augmented=args.augmentation)
    chosen = choose(dataset, args.images, args.names or (), args.seed)
    for sample in load(dataset, chosen, args.seed):
        yield Picture(cfg, sample, dataset.metainfo['classes'], samples)
