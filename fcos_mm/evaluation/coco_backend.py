"""Choose between pycocotools and faster-coco-eval, the latter with pycocotools' interface."""
import importlib
import logging
import time
from collections.abc import Sequence

import numpy as np
from mmengine.logging import print_log
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from fcos_mm.datasets import coco_api
from fcos_mm.errors import UserError

BACKENDS = ('auto', 'pycocotools', 'faster-coco-eval')

_LARGEST_ID = 2**53


def choose_evaluator(backend: str) -> type:
    """The class that evaluates boxes, with the interface of pycocotools' ``COCOeval``.

    Args:
        backend: ``'pycocotools'``, ``'faster-coco-eval'``, or ``'auto'``: the
            second where it is installed, the first elsewhere.

    Raises:
        UserError: If the name is unknown or the named library cannot be imported.
    """
    if backend not in BACKENDS:
        raise UserError(f'The metric has backend={backend!r}.\nIt must be one of {BACKENDS}.')
    if backend == 'pycocotools':
        return COCOeval
    try:
        importlib.import_module('faster_coco_eval')
        return FastCOCOeval
    except Exception as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == 'faster_coco_eval'
        state = 'is not installed' if missing else f'cannot be imported ({error})'
        if backend == 'faster-coco-eval':
            raise UserError(
                f'The metric has backend={backend!r}, which {state}.\n'
                "Run `pip install faster-coco-eval`, or set backend='auto'.") from error
        if not missing:
            print_log(f'faster-coco-eval {state}: evaluating with pycocotools.',
                      logger='current', level=logging.WARNING)
        return COCOeval


def evaluated(evaluator: type, truth: COCO, found: COCO, kind: str = 'bbox',
              **params) -> COCOeval:
    """Match and accumulate under changed parameters of pycocotools."""
    evaluation = evaluator(truth, found, kind)
    vars(evaluation.params).update(params)
    evaluation.evaluate()
    evaluation.accumulate()
    return evaluation


class FastCOCOeval(COCOeval):
    """pycocotools' ``COCOeval`` with the matching of boxes by faster-coco-eval.

    Parameters, summary and printed lines are pycocotools'; precision, recall and scores in
    ``eval`` are the same to the last bit. ``evalImgs`` stays empty.
    """

    def evaluate(self) -> None:
        if self.params.iouType != 'bbox':
            super().evaluate()
            return
        start = time.time()
        print('Running per image evaluation...')
        print('Evaluate annotation type *bbox*')
        params = self.params
        params.imgIds = list(np.unique(params.imgIds))
        if params.useCats:
            params.catIds = list(np.unique(params.catIds))
        params.maxDets = sorted(params.maxDets)
        self._accumulated = _accumulated(self.cocoGt, self.cocoDt, params)
        print(f'DONE (t={time.time() - start:0.2f}s).')

    def accumulate(self, p=None) -> None:
        """Fill ``eval``; boxes keep the parameters of ``evaluate``, ``p`` counts for masks."""
        if self.params.iouType != 'bbox':
            super().accumulate(p)
            return
        print('Accumulating evaluation results...')
        if not self.params.useCats:
            self.params.catIds = [-1]
        self.eval = dict(params=self.params, **self._accumulated)
        print('DONE (t=0.00s).')


def _accumulated(known: COCO, found: COCO, params) -> dict:
    """Counts, precision, recall and scores, of the shapes pycocotools has."""
    # The libraries differ in one value: with the first detection right and no other, pycocotools
    # has precision 1 / (1 + 2.2e-16), the fast one 1. One more recall for every number of boxes,
    # between that of one and of two of them, tells whether that is so.
    from faster_coco_eval import COCOeval_faster
    count = _boxes(known, params)  # (K, A)
    images, labels = _numbering(params.imgIds), _numbering(params.catIds)
    known, found = (_renumbered(coco, images, labels) for coco in (known, found))
    between, which = np.unique(1.5 / np.maximum(count, 1), return_inverse=True)
    fast = COCOeval_faster(known, found, 'bbox', print_function=lambda *args: None)
    for name in ('iouThrs', 'maxDets', 'areaRng', 'areaRngLbl', 'useCats'):
        setattr(fast.params, name, getattr(params, name))
    fast.params.imgIds = [images[key] for key in params.imgIds]
    fast.params.catIds = [labels[key] for key in params.catIds]
    fast.params.recThrs = np.concatenate([params.recThrs, between])
    fast.evaluate()
    fast.accumulate()
    recalls = len(params.recThrs)
    precision = fast.eval['precision'][:, :recalls]  # (T, R, K, A, M)
    category, area = np.indices(count.shape)
    second = fast.eval['precision'][:, recalls + which.reshape(count.shape), category, area]
    precision[(precision == 1) & (second != 1)[:, None]] = 1 / (1 + np.spacing(1))
    counts = list(fast.eval['counts'])
    counts[1] = recalls
    return dict(counts=counts, precision=precision, recall=fast.eval['recall'],
                scores=fast.eval['scores'][:, :recalls])


def _numbering(ids: Sequence) -> dict:
    """Numbers for ids; the ids themselves where faster-coco-eval can hold them in a float64."""
    if all(isinstance(key, (int, np.integer)) and abs(int(key)) <= _LARGEST_ID for key in ids):
        return {key: key for key in ids}
    return {key: number for number, key in enumerate(ids, start=1)}


def _renumbered(coco: COCO, images: dict, labels: dict) -> COCO:
    """The annotations of these images and categories under the numbers given."""
    if all(key == number for ids in (images, labels) for key, number in ids.items()):
        return coco
    return coco_api.COCO.of(dict(
        images=[dict(coco.imgs[key], id=number) for key, number in images.items()],
        categories=[dict(coco.cats[key], id=number) for key, number in labels.items()],
        annotations=[dict(box, image_id=images[box['image_id']],
                          category_id=labels[box['category_id']])
                     for box in coco.dataset.get('annotations', [])
                     if box['image_id'] in images and box['category_id'] in labels]))


def _boxes(known: COCO, params) -> np.ndarray:
    """How many boxes there are to find, (K, A): of a category, of a size."""
    boxes = known.loadAnns(known.getAnnIds(imgIds=params.imgIds, catIds=params.catIds))
    boxes = [box for box in boxes if not box.get('iscrowd')]
    areas = np.array([box['area'] for box in boxes], dtype=np.float64)
    lower, upper = np.asarray(params.areaRng, dtype=np.float64).T[:, :, None]
    within = (areas >= lower) & (areas <= upper)  # (A, boxes)
    if not params.useCats:
        return within.sum(1)[None]
    labels = np.array([box['category_id'] for box in boxes])
    return np.stack([within[:, labels == category].sum(1) for category in params.catIds])
