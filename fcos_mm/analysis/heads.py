"""From a config to the samples of its head."""

from mmdet.models.dense_heads import AnchorHead
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import nn

from fcos_mm.analysis.anchor_samples import AnchorSamples
from fcos_mm.analysis.location_samples import LocationSamples
from fcos_mm.analysis.published import PublishedAnchorSamples
from fcos_mm.analysis.samples import Samples
from fcos_mm.datasets.checks.source import coco_sources
from fcos_mm.errors import UserError
from fcos_mm.models.assigner import FCOSAssigner
from fcos_mm.models.head import FCOSHead
from fcos_mm.registry import MODELS

_REMEDY = ("Give a config with fcos_mm.FCOSHead and FCOSAssigner, or with an anchor-based head of "
           "mmdet and MaxIoUAssigner.")


def build_samples(cfg: Config, *, as_published: bool = False) -> Samples:
    """Build the head of a config with its own assigner.

    Args:
        cfg: The config: of a one-stage detector, or one whose region proposal
            network is looked at.
        as_published: Whether to count as the codes behind the paper's figures
            do, see :mod:`fcos_mm.analysis.published`.

    Raises:
        UserError: If there is no head, it cannot be built or its assigner is
            not supported.
    """
    head = _build_head(cfg)
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


def _build_head(cfg: Config) -> nn.Module:
    model = cfg.get('model') or {}
    name = next((name for name in ('bbox_head', 'rpn_head') if model.get(name)), None)
    if name is None:
        raise UserError(f'The config has neither model.bbox_head nor model.rpn_head.\n{_REMEDY}')
    train_cfg = model.get('train_cfg')
    if name == 'rpn_head' and train_cfg:
        train_cfg = train_cfg.get('rpn')
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope') or 'fcos_mm'):
        try:
            return MODELS.build(dict(model[name], train_cfg=train_cfg))
        except (AssertionError, KeyError, TypeError, ValueError) as error:
            raise UserError(f'model.{name} of the config cannot be built: {error}') from error


def class_names(cfg: Config) -> tuple[str, ...] | None:
    """Return the classes that the config trains on; None where it names no COCO dataset.

    Args:
        cfg: The config.

    Raises:
        UserError: If a dataset's settings cannot be used.
    """
    for key in ('train_dataloader', 'test_dataloader'):
        for source in coco_sources(cfg, key):
            return source.classes
    return None
