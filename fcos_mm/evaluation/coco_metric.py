"""``CocoMetric``: mmdet's, with the faster evaluation where it is installed."""
import contextlib
from typing import Dict, Iterator

from mmdet.evaluation import CocoMetric as MMDetCocoMetric
from mmdet.evaluation.metrics import coco_metric as mmdet_metric

from fcos_mm.evaluation.coco_backend import choose_evaluator
from fcos_mm.registry import METRICS


@METRICS.register_module()
class CocoMetric(MMDetCocoMetric):
    """mmdet's COCO metric; faster-coco-eval computes it where installed.

    Configs under ``default_scope='fcos_mm'`` get it by the plain name
    ``CocoMetric``. All other arguments, the numbers and what is printed are
    mmdet's and pycocotools'. Masks, ``proposal_fast`` and ``use_mp_eval`` are
    computed as in mmdet.

    Args:
        *args: mmdet's arguments.
        backend: ``'auto'`` faster-coco-eval where it is installed |
            ``'pycocotools'`` | ``'faster-coco-eval'``.
        **kwargs: mmdet's arguments.

    Raises:
        UserError: If the backend is unknown or cannot be imported.
    """

    def __init__(self, *args, backend: str = 'auto', **kwargs) -> None:
        self.evaluator = choose_evaluator(backend)
        super().__init__(*args, **kwargs)

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """Compute the metrics of the processed results.

        Args:
            results: Pairs of ground truth and prediction, one an image.

        Returns:
            dict: The names of the metrics and their values.
        """
        with _evaluating_by(self.evaluator):
            return super().compute_metrics(results)


@contextlib.contextmanager
def _evaluating_by(evaluator: type) -> Iterator[None]:
    """mmdet takes ``COCOeval`` from its module: let it find another there."""
    original = mmdet_metric.COCOeval
    mmdet_metric.COCOeval = evaluator
    try:
        yield
    finally:
        mmdet_metric.COCOeval = original
