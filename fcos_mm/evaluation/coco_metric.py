"""``CocoMetric``: mmdet's, with the faster evaluation where it is installed."""
import contextlib
import json
from typing import Dict, Iterator, Sequence

from mmdet.evaluation import CocoMetric as MMDetCocoMetric
from mmdet.evaluation.metrics import coco_metric as mmdet_metric
from mmengine.fileio import put_text
from mmengine.fileio.handlers.json_handler import set_default

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

    def results2json(self, results: Sequence[dict], outfile_prefix: str) -> dict:
        """Write the detections to a file, as mmdet does but not one by one.

        Args:
            results: Per image ``img_id``, ``bboxes`` (N, 4), ``scores`` (N,)
                and ``labels`` (N,).
            outfile_prefix: Path and beginning of the file's name.

        Returns:
            dict: The file's name under ``bbox`` and ``proposal``.
        """
        if 'masks' in results[0]:
            return super().results2json(results, outfile_prefix)
        rows = [
            dict(image_id=result.get('img_id', index), bbox=[x0, y0, x1 - x0, y1 - y0],
                 score=score, category_id=self.cat_ids[label])
            for index, result in enumerate(results)
            for (x0, y0, x1, y1), score, label in zip(
                result['bboxes'].tolist(), result['scores'].tolist(), result['labels'].tolist())]
        path = f'{outfile_prefix}.bbox.json'
        put_text(json.dumps(rows, default=set_default), path)
        return dict(bbox=path, proposal=path)


@contextlib.contextmanager
def _evaluating_by(evaluator: type) -> Iterator[None]:
    """mmdet takes ``COCOeval`` from its module: let it find another there."""
    original = mmdet_metric.COCOeval
    mmdet_metric.COCOeval = evaluator
    try:
        yield
    finally:
        mmdet_metric.COCOeval = original
