"""Whether the evaluators of a config can be built, and can evaluate what its model detects."""
from collections.abc import Iterator

from mmengine.config import Config

from fcos_mm.errors import UserError
from fcos_mm.registry import METRICS, MODELS

_KEYS = dict(train='val_evaluator', test='test_evaluator')


def check_evaluators(cfg: Config, mode: str) -> None:
    """Build the COCO metrics of a config without their files.

    Args:
        cfg: The config.
        mode: ``'train'`` or ``'test'``.

    Raises:
        UserError: If a metric refuses its arguments, or masks are to be
            evaluated and the model has none.
    """
    for key, part in _coco_metrics(cfg, _KEYS[mode]):
        settings = {name: value for name, value in part.items() if name not in ('type', 'ann_file')}
        try:
            metric = METRICS.get(part['type'])(**settings)
        except UserError as error:
            raise UserError(f'{key}: {error}') from error
        except TypeError:  # unknown arguments are the business of the check of all arguments
            continue
        if 'segm' in metric.metrics and _only_boxes(cfg.get('model') or {}):
            raise UserError(
                f"{key}.metric is {part['metric']!r}, and the model detects boxes without masks.\n"
                f"Set {key}.metric='bbox'.")


def _coco_metrics(cfg: Config, key: str) -> Iterator[tuple[str, dict]]:
    """The keys and settings of our own COCO metrics."""
    evaluator = cfg.get(key)
    several = isinstance(evaluator, (list, tuple))
    scope = cfg.get('default_scope')
    for index, part in enumerate(evaluator if several else [evaluator]):
        name = part.get('type') if isinstance(part, dict) else None
        # in another scope a plain CocoMetric is mmdet's
        may_be_ours = isinstance(name, str) and ('.' in name or scope == 'fcos_mm')
        found = METRICS.get(name) if may_be_ours else None
        if found is not None and found.__module__.startswith('fcos_mm.') and issubclass(
                found, METRICS.get('CocoMetric')):
            yield (f'{key}.{index}' if several else key), part


def _only_boxes(model: dict) -> bool:
    """Whether the model is a single-stage detector with our head, which has no masks."""
    head = model.get('bbox_head')
    found = MODELS.get(head['type']) if isinstance(head, dict) and isinstance(
        head.get('type'), str) else None
    return (isinstance(found, type) and issubclass(found, MODELS.get('FCOSHead'))
            and not any('mask' in key for key in [*model, *head]))
