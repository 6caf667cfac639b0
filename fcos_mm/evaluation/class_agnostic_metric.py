"""``ClassAgnosticCocoMetric``: COCO's AP with the categories ignored (paper, Table 9)."""
import json
from collections.abc import Sequence
from os import PathLike

from mmengine.fileio import put_text
from mmengine.logging import print_log

from fcos_mm.errors import UserError
from fcos_mm.evaluation.coco_metric import CocoMetric
from fcos_mm.evaluation.table_metrics import class_agnostic_numbers
from fcos_mm.registry import METRICS


@METRICS.register_module()
class ClassAgnosticCocoMetric(CocoMetric):
    """COCO's AP with the categories ignored, and the curves of Figs. 4 to 6.

    Stands beside :class:`CocoMetric` in a list of evaluators; arguments and errors are the same.
    The best 100 detections of an image count.

    Args:
        ann_file: Annotations in COCO's format; None: those that come with the images, if the
            test pipeline packs ``'instances'`` among its ``meta_keys``.
        metric: Must be ``'bbox'``.
        outfile_prefix: Writes ``<prefix>.bbox.json``, the detections, and
            ``<prefix>.class_agnostic.json``, a :class:`ClassAgnostic`.
    """

    default_prefix = 'class_agnostic'

    def __init__(self, ann_file: str | PathLike | None = None, *, metric: str = 'bbox',
                 format_only: bool = False, outfile_prefix: str | PathLike | None = None,
                 backend: str = 'auto', backend_args: dict | None = None,
                 collect_device: str = 'cpu', prefix: str | None = None) -> None:
        if metric not in ('bbox', ['bbox']):
            raise UserError(f"ClassAgnosticCocoMetric has metric={metric!r}.\nIt must be 'bbox'.")
        self.backend = backend
        super().__init__(ann_file=ann_file, metric=metric, format_only=format_only,
                         outfile_prefix=outfile_prefix, backend=backend,
                         backend_args=backend_args, collect_device=collect_device, prefix=prefix)

    def evaluate_metric(self, metric: str, files: dict[str, str],
                        predictions: Sequence[dict]) -> dict[str, float]:
        """``bbox_mAP``, ``bbox_mAP_50``, ``bbox_mAP_75`` and ``bbox_mAP_90``, to three digits."""
        numbers = class_agnostic_numbers(
            self.truth, files['bbox'], image_ids=self.img_ids, category_ids=self.cat_ids,
            backend=self.backend)
        if self.outfile_prefix is not None:
            put_text(json.dumps(numbers.to_dict()), f'{self.outfile_prefix}.class_agnostic.json')
        best = ', '.join(f'{value:.3f} at IoU {iou:.2f}'
                         for iou, value in numbers.best_recall.items())
        print_log(f'Best recall of the class-agnostic curves: {best}', logger='current')
        return dict(bbox_mAP=round(numbers.AP, 3), bbox_mAP_50=round(numbers.AP50, 3),
                    bbox_mAP_75=round(numbers.AP75, 3), bbox_mAP_90=round(numbers.AP90, 3))
