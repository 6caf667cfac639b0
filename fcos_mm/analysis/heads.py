"""Build the dense head of a config, and its samples."""
from mmdet.models.dense_heads import AnchorHead
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import nn

from fcos_mm.analysis.anchor_samples import AnchorSamples, PublishedAnchorSamples
from fcos_mm.analysis.input_size import feature_sizes, pad
from fcos_mm.analysis.location_samples import LocationSamples
from fcos_mm.datasets.checks.source import coco_sources
from fcos_mm.errors import UserError
from fcos_mm.models.assigner import FCOSAssigner
from fcos_mm.models.head import FCOSHead
from fcos_mm.registry import MODELS

Samples = LocationSamples | AnchorSamples
_HEADS = ('bbox_head', 'rpn_head')
_REMEDY = ("Give a config with fcos_mm.FCOSHead and FCOSAssigner, or with an anchor-based head of "
           "mmdet and MaxIoUAssigner.")


def head_type(cfg: Config) -> type | None:
    """The class of the dense head; None if there is none."""
    name = next((name for name in _HEADS if (cfg.get('model') or {}).get(name)), None)
    with MODELS.switch_scope_and_registry(cfg.get('default_scope') or 'fcos_mm') as registry:
        return name and registry.get(cfg.model[name]['type'])


def build_samples(cfg: Config, *, as_published: bool = False) -> Samples:
    """Build the head of a one-stage detector, or of a region proposal network, and its samples.

    ``as_published`` counts as the codes behind the paper's tables do: the box convention
    ``'pixel'`` for locations, Detectron's anchors and matching.

    Raises:
        UserError: If there is no head, it cannot be built or its assigner is not supported.
    """
    name = _head_name(cfg)
    train_cfg = cfg.model.get('train_cfg')
    if name == 'rpn_head' and train_cfg:
        train_cfg = train_cfg.get('rpn')
    head = build_part(cfg, f'model.{name}', dict(cfg.model[name], train_cfg=train_cfg))
    if isinstance(head, FCOSHead) and isinstance(head.assigner, FCOSAssigner):
        if len(head.strides) != len(head.assigner.regress_ranges):
            raise UserError(
                f'The head has {len(head.strides)} strides {head.strides} and '
                f'{len(head.assigner.regress_ranges)} regress ranges.\n'
                'Set model.bbox_head.assigner.regress_ranges to fit model.bbox_head.strides.')
        if as_published:
            head.box_convention = 'pixel'
        return LocationSamples(head)
    if isinstance(head, AnchorHead):
        return PublishedAnchorSamples(head) if as_published else AnchorSamples(head)
    raise UserError(f'The head {type(head).__name__} of the config is not supported.\n{_REMEDY}')


def num_samples(cfg: Config, image_size: tuple[int, int]) -> int:
    """Count the samples that a head classifies in one image: locations, or anchors.

    Args:
        cfg: Config of a detector with a dense head.
        image_size: (height, width) in pixels, before padding.

    Raises:
        UserError: If the head has neither locations nor anchors.
    """
    name = _head_name(cfg)
    head = build_part(cfg, f'model.{name}', cfg.model[name])
    if isinstance(head, FCOSHead):
        strides, samples = head.strides, [1] * len(head.strides)
    elif hasattr(head, 'prior_generator'):
        strides, samples = head.prior_generator.strides, head.prior_generator.num_base_priors
    else:
        raise UserError(f'model.{name} is a {type(head).__name__}, which has neither locations nor '
                        'anchors.\nGive the config of a dense detector.')
    divisor = cfg.model.get('data_preprocessor', {}).get('pad_size_divisor', 1)
    sizes = feature_sizes(*pad(image_size, divisor), strides)
    return sum(rows * columns * each for (rows, columns), each in zip(sizes, samples))


def build_part(cfg: Config, name: str, part: dict) -> nn.Module:
    """Build the model of a config or a part of it, in the scope of the config.

    Raises:
        UserError: If it cannot be built; ``name`` is its key.
    """
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope') or 'fcos_mm'):
        try:
            return MODELS.build(part)
        except (AssertionError, KeyError, TypeError, ValueError) as error:
            raise UserError(f'{name} of the config cannot be built: {error}') from error


def _head_name(cfg: Config) -> str:
    model = cfg.get('model') or {}
    name = next((name for name in _HEADS if model.get(name)), None)
    if name is None:
        raise UserError(f'The config has neither model.bbox_head nor model.rpn_head.\n{_REMEDY}')
    return name


def class_names(cfg: Config) -> tuple[str, ...] | None:
    """The classes that a config trains on; None where it has no COCO dataset."""
    return next((source.classes for key in ('train_dataloader', 'test_dataloader')
                 for source in coco_sources(cfg, key)), None)
