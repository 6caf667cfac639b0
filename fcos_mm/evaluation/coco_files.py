"""Annotations and detections in COCO's format, read without a printed word."""
import contextlib
import io
from collections.abc import Collection, Sequence
from os import PathLike

from pycocotools.coco import COCO

from fcos_mm.datasets import coco_api, coco_format
from fcos_mm.errors import UserError
from fcos_mm.evaluation.coco_entries import malformed_detection, malformed_entries

Truth = str | PathLike | COCO
Results = str | PathLike | Sequence[dict]


def read_truth(truth: Truth, *, annotated: bool = True) -> COCO:
    """Read an annotation file.

    Args:
        truth: The path, or annotations read already.
        annotated: Whether its annotations are wanted; if not, they need not be in order.

    Raises:
        UserError: If there is no such file or it is not in COCO's format.
    """
    if isinstance(truth, coco_api.COCO):
        return truth
    if isinstance(truth, COCO):
        return as_coco(truth.dataset)
    dataset = coco_format.read_coco(str(truth))
    if not isinstance(dataset, dict) or not {'images', 'categories'} <= set(dataset):
        raise UserError(
            f"{truth} is not in COCO's format: it must hold 'images' and 'categories'.\n"
            'Give a file such as instances_val2017.json.')
    if not annotated:
        dataset = dict(images=dataset['images'], categories=dataset['categories'])
    fault = next(malformed_entries(dataset), None)
    if fault is not None:
        raise UserError(f"{truth} is not in COCO's format: {fault}.\nCorrect it.")
    return as_coco(dataset)


def read_results(results: Results,
                 truth: COCO,
                 *,
                 image_ids: Collection[int] | None = None) -> list[dict]:
    """Read detections and see that they belong to the annotations.

    Args:
        results: The path of a file as ``CocoMetric`` writes it with
            ``outfile_prefix``, or its rows: ``image_id``, ``category_id``,
            ``bbox`` (x, y, w, h) in pixels, ``score``.
        truth: The annotations.
        image_ids: Detections in other images are left out; None keeps all.

    Raises:
        UserError: If there is no such file, it is no list of detections, or a
            detection names an image or a category that is not annotated.
    """
    from_file = isinstance(results, (str, PathLike))
    name = str(results) if from_file else 'The results'
    rows = read_rows(results) if from_file else results
    needed = {'image_id', 'category_id', 'bbox', 'score'}
    if not isinstance(rows, (list, tuple)) or not all(
            isinstance(row, dict) and needed <= set(row) for row in rows):
        raise UserError(
            f'{name}: not a list of detections, each with image_id, category_id, bbox and score.\n'
            'Write the file with test_evaluator.outfile_prefix=PREFIX; it is PREFIX.bbox.json.')
    if from_file:
        fault = next(filter(None, map(malformed_detection, rows)), None)
        if fault is not None:
            raise UserError(f'{name}: {fault}.\nCorrect it, or write the file again.')
    for key, known in (('image_id', truth.imgs), ('category_id', truth.cats)):
        unknown = next((row[key] for row in rows if row[key] not in known), None)
        if unknown is not None:
            raise UserError(f'{name}: {key} {unknown} is not in the annotations.\n'
                            'Give the annotation file that the detector was tested on.')
    if image_ids is None:
        return list(rows)
    image_ids = set(image_ids)
    return [row for row in rows if row['image_id'] in image_ids]


def results_as_coco(rows: Sequence[dict], truth: COCO) -> COCO:
    """Index detections as pycocotools' ``loadRes`` does; there may be none.

    Args:
        rows: The detections; they are left as they are.
        truth: The annotations that they belong to.
    """
    detections = [
        dict(row, id=number, area=row['bbox'][2] * row['bbox'][3], iscrowd=0)
        for number, row in enumerate(rows, start=1)
    ]
    return as_coco(dict(images=truth.dataset['images'], categories=truth.dataset['categories'],
                        annotations=detections))


def as_coco(dataset: dict) -> COCO:
    """Index a dataset in COCO's format.

    Args:
        dataset: ``images``, ``categories`` and, if there are any,
            ``annotations``.
    """
    coco = coco_api.COCO()
    coco.dataset = dataset
    coco.createIndex()
    return coco


def quiet() -> contextlib.AbstractContextManager:
    """Keep what pycocotools prints off the screen."""
    return contextlib.redirect_stdout(io.StringIO())


def read_rows(path: str | PathLike) -> list:
    """Read a file of detections, whatever it holds.

    Args:
        path: The file.

    Raises:
        UserError: If there is no such file or it is not JSON.
    """
    return coco_format.read_json(
        str(path), 'File of results', 'Write it with test_evaluator.outfile_prefix=PREFIX.')
