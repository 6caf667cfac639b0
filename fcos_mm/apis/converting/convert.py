"""From a checkpoint of another implementation to one of ours that detects at once."""
import argparse
import copy
from collections.abc import Mapping
from pathlib import Path

from mmdet.datasets import CocoDataset
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import Tensor

from fcos_mm.apis.converting.files import check_target, write_files
from fcos_mm.apis.recorded_config import read_recorded_config
from fcos_mm.checkpoints.convert.config_file import compose, config_text
from fcos_mm.checkpoints.convert.contents import Contents, read_contents
from fcos_mm.checkpoints.convert.mmdet_config import recorded_settings
from fcos_mm.checkpoints.convert.recognise import find_source, recognise
from fcos_mm.checkpoints.convert.source import Converted, Source
from fcos_mm.checkpoints.fit import TakenWeights
from fcos_mm.checkpoints.safe_loading import trust_checkpoints
from fcos_mm.config import find_config
from fcos_mm.errors import UserError
from fcos_mm.faults import first_few
from fcos_mm.registry import MODELS
from fcos_mm.version import __version__

_SHOWN = 8
_COCO = tuple(CocoDataset.METAINFO['classes'])


def run(args: argparse.Namespace) -> None:
    """Convert as the command line asks, and print what was done.

    Raises:
        UserError: If the checkpoint cannot be converted; nothing is written then.
    """
    trust_checkpoints(args.trust_checkpoint)
    if args.to:
        from fcos_mm.apis.converting.back import convert_back
        lines = convert_back(args.source, args.out_file, args.to, force=args.force,
                             options=args.cfg_options)
    else:
        lines = convert_checkpoint(
            args.source, args.out_file, source=getattr(args, 'from'), variant=args.variant,
            config=args.config, classes=args.classes, force=args.force)
    print('\n'.join(lines))


def convert_checkpoint(path: str, out: str, *, source: str | None = None,
                       variant: str | None = None, config: str | None = None,
                       classes: list[str] | None = None, force: bool = False) -> list[str]:
    """Write a checkpoint of another implementation as ours, with a config beside it.

    Args:
        path: The checkpoint.
        out: The file to write, ``.pth``; the config gets the same name with ``.py``.
        source: Name of the implementation; None to recognise it.
        variant: What the weights do not tell; see ``Source.variants``.
        config: The config of mmdet's training, where the checkpoint has none.
        classes: Names of the classes, where the checkpoint has none.
        force: Whether files that are there may be replaced.

    Returns:
        Lines for the screen.

    Raises:
        UserError: If the checkpoint cannot be converted; nothing is written then.
    """
    checkpoint, config_file = check_target(out, path, force)
    contents = read_contents(path)
    _refuse_ours(contents, path)
    found = find_source(source) if source else recognise(contents.weights, path)
    if config is not None:
        contents = _with_config(contents, config, found)
    converted = _named(found.read(contents.weights, contents.extra, _known(variant, found)),
                       classes, path)
    comment = (f'{found.title}: {Path(path).name}, converted by fcos-mm {__version__}.\n'
               f'Train it further: fcos-mm train {config_file.name} --load-from {checkpoint.name}')
    text = config_text(converted, comment)
    cfg = read_recorded_config(compose(text).pretty_text, path, whole=True)
    check_all_used(path, converted.weights, cfg)
    meta = dict(
        cfg=cfg.pretty_text, dataset_meta=dict(classes=converted.classes or _COCO),
        converted=dict(source=found.name, file=Path(path).name, version=__version__,
                       left_out=dict(converted.left_out)))
    write_files(checkpoint, dict(meta=meta, state_dict=converted.weights), config_file, text)
    return [f'{path}: {found.title}, {len(converted.weights)} tensors', *converted.notes,
            f'Written: {checkpoint} and {config_file}, which inherits {converted.config}',
            f'fcos-mm detect PICTURES --model {checkpoint}']


def check_all_used(path: str, weights: Mapping[str, Tensor], cfg: Config) -> None:
    """Make sure that the model of a config takes every weight, and that none is missing.

    Raises:
        UserError: If not; names the weights.
    """
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'fcos_mm')):
        model = MODELS.build(copy.deepcopy(cfg.model))
    left_over = sorted(set(weights) - set(model.state_dict()))
    if left_over:
        raise UserError(f'{path}: {len(left_over)} weights have no place in the model: '
                        f'{first_few(left_over, _SHOWN)}.\nThe config of the training or the '
                        '--variant is another one, or the network was changed.')
    TakenWeights(path, weights, model).check_all()


def _refuse_ours(contents: Contents, path: str) -> None:
    meta = contents.extra.get('meta') or {}
    if "'fcos_mm'" in str(meta.get('cfg')):
        raise UserError(f'{path} is a checkpoint of fcos_mm already: fcos-mm detect PICTURES '
                        f'--model {path}\nTo convert it: --to mmdet or --to torchvision.')


def _known(variant: str | None, source: Source) -> str | None:
    """The variant, if the source has it."""
    if variant is not None and variant not in source.variants:
        listed = ''.join(f'\n  {name}: {text}' for name, text in source.variants.items())
        raise UserError(f'--variant {variant}: {source.title} has ' + (
            f'these:{listed}' if listed else 'no variants. Leave --variant out.'))
    return variant


def _with_config(contents: Contents, config: str, source: Source) -> Contents:
    """The contents as if the checkpoint had recorded a config."""
    if source.name != 'mmdet':
        raise UserError(f'--config is the config of a training by mmdet, and this is '
                        f'{source.title}.\nLeave it out.')
    text = Config.fromfile(find_config(config), import_custom_modules=False).pretty_text
    meta = {**(contents.extra.get('meta') or {}), 'cfg': text}
    recorded_settings(dict(meta=meta), config)
    return contents._replace(extra={**contents.extra, 'meta': meta})


def _named(converted: Converted, classes: list[str] | None, path: str) -> Converted:
    """The conversion with as many class names as the model has classes."""
    head = (converted.settings.get('model') or {}).get('bbox_head') or {}
    number = head.get('num_classes', len(_COCO))
    names = tuple(classes) if classes else converted.classes
    if names is None and number != len(_COCO):
        raise UserError(f'{path} has {number} classes and no names for them.\nGive the names, in '
                        'the order of the outputs: --classes NAME NAME ...')
    if names is not None and len(names) != number:
        raise UserError(f'{path} has {number} classes, and {len(names)} names are given: '
                        f'{first_few(names, _SHOWN)}.')
    return converted._replace(classes=None if names == _COCO else names)
