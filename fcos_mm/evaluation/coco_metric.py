"""``CocoMetric``: mmdet's metric, computed by faster-coco-eval if it is installed."""
import contextlib
import logging
import tempfile
from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
from mmdet.datasets.api_wrappers import COCOevalMP
from mmengine.evaluator import BaseMetric
from mmengine.fileio import dump, get_local_path, load, put_text
from mmengine.logging import MessageHub, MMLogger, print_log
from pycocotools.cocoeval import COCOeval
from terminaltables import AsciiTable

from fcos_mm.compat.mm_datasets import CocoMetricBase
from fcos_mm.errors import UserError, shorten
from fcos_mm.evaluation.coco_backend import choose_evaluator, evaluated
from fcos_mm.evaluation.coco_files import as_coco, quiet, read_truth, results_as_coco
from fcos_mm.evaluation.coco_summary import category_rows, or_nan, summary_metrics, value_of
from fcos_mm.evaluation.metric_settings import (
    check_items,
    check_metrics,
    detection_limits,
    iou_thresholds,
)
from fcos_mm.evaluation.score_threshold import META_KEY, best_f1_of_classes
from fcos_mm.registry import METRICS


@METRICS.register_module()
class CocoMetric(CocoMetricBase):
    """mmdet's COCO metric, computed by faster-coco-eval if it is installed.

    Differences from mmdet's metric:

    - Ids may be any integers or strings.
    - Categories and classes are matched by name, also for ``classwise``; mmdet relies on
      ascending ids.
    - Images that were not tested do not count.
    - Without any detections the metrics are 0 (mmdet returns none).
    - ``iou_thrs`` and ``proposal_nums`` are free; metrics that need a missing threshold are
      left out, and recalls are named after their limits.
    - It finds the score thresholds with the best F1; checkpoints store those of the last
      validation.

    Args:
        ann_file: Annotations in COCO format; None uses those that come with the images.
        metric: ``'bbox'``, ``'segm'``, ``'proposal'``, ``'proposal_fast'``, or
            several.
        backend: ``'auto'`` (faster-coco-eval if it is installed), ``'pycocotools'`` or
            ``'faster-coco-eval'``.
        proposal_nums: Limits on the number of detections per image.
        iou_thrs: IoU thresholds; None: 0.50, 0.55, ..., 0.95.
        metric_items: Names of the metrics to record; None: mmdet's.
        format_only: Only write the detections, to ``outfile_prefix``.
        outfile_prefix: Path and prefix of the files to write; None writes none.
        score_thresholds: Whether ``metric='bbox'`` finds the score thresholds with the best F1.
        backend_args: How mmengine reads the annotation file.
        **kwargs: mmdet's other arguments.

    Attributes:
        threshold_table: The thresholds of the last evaluation as a table; empty before.

    Raises:
        UserError: If an argument or the annotation file cannot be used.
    """

    def __init__(self, ann_file: str | PathLike | None = None,
                 metric: str | Sequence[str] = 'bbox', *, backend: str = 'auto',
                 proposal_nums: Sequence[int] = (100, 300, 1000),
                 iou_thrs: float | Sequence[float] | None = None,
                 metric_items: Sequence[str] | None = None, format_only: bool = False,
                 outfile_prefix: str | PathLike | None = None, score_thresholds: bool = True,
                 backend_args: dict | None = None, **kwargs: Any) -> None:
        name = type(self).__name__
        self.evaluator = choose_evaluator(backend)
        if format_only and outfile_prefix is None:
            raise UserError(f'{name} has format_only=True and no outfile_prefix.\n'
                            'Set outfile_prefix to where the detections should be written, e.g. '
                            "'work_dirs/test-dev' for work_dirs/test-dev.bbox.json.")
        super().__init__(
            metric=check_metrics(name, metric),
            proposal_nums=detection_limits(name, proposal_nums), format_only=format_only,
            outfile_prefix=None if outfile_prefix is None else str(outfile_prefix),
            backend_args=backend_args, **kwargs)
        self.iou_thrs = iou_thresholds(name, iou_thrs)
        self.summary = summary_metrics(self.proposal_nums, self.iou_thrs)
        self.metric_items = check_items(name, metric_items, self.summary)
        self.score_thresholds = score_thresholds
        self.threshold_table = ''
        self.ann_file = None if ann_file is None else str(ann_file)
        if ann_file is not None:
            with get_local_path(self.ann_file, backend_args=backend_args) as path:
                self.truth = read_truth(path)

    @BaseMetric.dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict) -> None:
        """Match ``classes`` with the categories; a UserError if a category is missing."""
        BaseMetric.dataset_meta.fset(self, dataset_meta)
        classes = (dataset_meta or {}).get('classes')
        if self.truth is not None and classes:
            self.cat_ids = self._category_ids(classes)

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Collect the detections of a batch.

        Raises:
            UserError: If there is no ground truth, or no masks for ``metric='segm'``.
        """
        for sample in data_samples:
            if 'segm' in self.metrics and 'masks' not in sample['pred_instances']:
                raise UserError("The metric has metric='segm', but the model predicts no masks.\n"
                                "Set metric='bbox' of the evaluator.")
            if self.truth is None and 'instances' not in sample:
                raise UserError(
                    f'{type(self).__name__} has no ground truth.\nSet ann_file of the evaluator to '
                    "that of the dataset, or put 'instances' among meta_keys of PackDetInputs.")
        super().process(data_batch, data_samples)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the metrics from ground truth and prediction of each image.

        Raises:
            UserError: If tested images are not in the annotation file.
        """
        truths, predictions = zip(*results)
        with tempfile.TemporaryDirectory() as folder:
            prefix = self.outfile_prefix or f'{folder}/results'
            if self.truth is None:
                self.truth = as_coco(load(self.gt_to_coco_json(truths, prefix)))
                self.dataset_meta = self.dataset_meta
            if self.cat_ids is None:
                self.cat_ids = list(self.truth.cats)
            self.img_ids = self._tested_images(predictions)
            files = self.results2json(predictions, prefix)
            if self.format_only:
                _say(f'Results are saved to {prefix}.*.json')
                return {}
            nothing = not any(len(prediction['scores']) for prediction in predictions)
            if nothing:
                _say('no detection above score_thr yet: AP 0')
            found = {}
            with quiet() if nothing else contextlib.nullcontext():
                for metric in self.metrics:
                    found.update(self.evaluate_metric(metric, files, predictions))
        return found

    def evaluate_metric(self, metric: str, files: dict[str, str],
                        predictions: Sequence[dict]) -> dict[str, float]:
        """The numbers of one metric, from files of detections or one dict per image."""
        _say(f'Evaluating {metric}...')
        if metric == 'proposal_fast':
            return self._recalls(predictions)
        evaluation = self._evaluated(metric, load(files[metric]))
        proposal = metric == 'proposal'
        items = self.metric_items or [
            name for name, entry in self.summary.items()
            if entry.kind == ('recall' if proposal else 'precision')]
        found = {(item if proposal else f'{metric}_{item}'):
                 float(f'{value_of(evaluation, self.summary[item]):.3f}') for item in items}
        if not proposal:
            found.update(self._per_category(evaluation))
            values = ' '.join(f'{value_of(evaluation, entry):.3f}'
                              for entry in self.summary.values() if entry.kind == 'precision')
            _say(f'{metric}_mAP_copypaste: {values}')
        if metric == 'bbox' and self.score_thresholds:
            self._find_thresholds(predictions, found)
        return found

    def results2json(self, results: Sequence[dict], outfile_prefix: str) -> dict:
        """Write the detections to a file, like mmdet but not one by one.

        Args:
            results: Per image ``img_id``, ``bboxes`` (N, 4), ``scores`` (N,)
                and ``labels`` (N,).
            outfile_prefix: Path and prefix of the file name.
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
        put_text(dump(rows, file_format='json'), path)  # in one piece: faster than to a file
        return dict(bbox=path, proposal=path)

    def _category_ids(self, classes: Sequence[str]) -> list:
        """The ids of the classes' categories, in the order of the labels."""
        known = {}
        for key, entry in self.truth.cats.items():
            known.setdefault(entry['name'], key)
        missing = [name for name in classes if name not in known]
        if missing:
            raise UserError(
                f"The evaluator's ann_file ({self.ann_file}) has no category {missing[0]!r}, "
                f'which is a class of the dataset; its categories are {shorten(list(known))}.\n'
                "Set the evaluator's ann_file to that of the dataset.")
        return [known[name] for name in classes]

    def _tested_images(self, predictions: Sequence[dict]) -> list:
        """The ids of the images with a prediction, in the order of the annotations."""
        known, tested = self.truth.imgs, {prediction['img_id'] for prediction in predictions}
        lost = [key for key in tested if key not in known]
        if lost:
            raise UserError(
                f'{len(lost)} of the {len(tested)} tested images are not in the '
                f"evaluator's ann_file ({self.ann_file}), e.g. {lost[0]!r}.\n"
                "Set the evaluator's ann_file to that of the dataset.")
        if len(tested) < len(known):
            print_log(f'{len(tested)} of the {len(known)} images of {self.ann_file} were tested: '
                      'only these are evaluated.', logger='current', level=logging.WARNING)
        return [key for key in known if key in tested]

    def _evaluated(self, metric: str, rows: list[dict]) -> COCOeval:
        """Match and accumulate the detections; print pycocotools' summary."""
        if metric == 'segm':
            # with a box pycocotools would take its area for that of the mask
            rows = [{key: row[key] for key in row if key != 'bbox'} for row in rows]
        found = (self.truth.loadRes(rows) if metric == 'segm' and rows
                 else results_as_coco(rows, self.truth))
        evaluator = COCOevalMP if self.use_mp_eval else self.evaluator
        evaluation = evaluated(
            evaluator, self.truth, found, 'segm' if metric == 'segm' else 'bbox',
            catIds=self.cat_ids, imgIds=self.img_ids, maxDets=list(self.proposal_nums),
            iouThrs=self.iou_thrs, useCats=int(metric != 'proposal'))
        if len(self.proposal_nums) == 3 and 100 in self.proposal_nums:  # as it presumes
            evaluation.summarize()
        return evaluation

    def _per_category(self, evaluation: COCOeval) -> dict[str, float]:
        if not self.classwise:
            return {}
        categories = self._categories()
        rows = category_rows(evaluation, categories, self.summary)
        _say('\n' + AsciiTable(rows).table)
        whole = self.summary['mAP']._replace(limit=self.proposal_nums[-1])
        return {f'{name}_precision': round(or_nan(value_of(evaluation, whole, key)), 3)
                for name, key in categories.items()}

    def _find_thresholds(self, predictions: Sequence[dict], metrics: dict[str, float]) -> None:
        """Find the thresholds, log that of all classes, and keep them for checkpoints."""
        categories = self._categories()
        found = best_f1_of_classes(self.truth, predictions, self.img_ids, categories)
        thresholds = found.thresholds()
        MessageHub.get_current_instance().update_info(
            META_KEY, thresholds and thresholds.to_meta()[META_KEY])
        precision = {name: metrics[f'{name}_precision'] for name in categories if self.classwise}
        self.threshold_table = AsciiTable(found.rows(precision)).table
        if thresholds is not None:
            best = found.overall
            _say(f'best F1 {best.f1:.3f} at score {best.threshold:.3f}: '
                 f'precision {best.precision:.3f}, recall {best.recall:.3f}')

    def _categories(self) -> dict:
        return {self.truth.cats[key]['name']: key for key in self.cat_ids}

    def _recalls(self, predictions: Sequence[dict]) -> dict[str, float]:
        by_image = {prediction['img_id']: prediction for prediction in predictions}
        recalls = self.fast_eval_recall(
            [by_image[key] for key in self.img_ids], self.proposal_nums,
            np.asarray(self.iou_thrs))
        found = {f'AR@{limit}': recall for limit, recall in zip(self.proposal_nums, recalls)}
        _say(''.join(f'\n{name}\t{value:.4f}' for name, value in found.items()))
        return found


def _say(text: str) -> None:
    MMLogger.get_current_instance().info(text)
