"""Read ground truth and detections into pycocotools' index."""
import contextlib
import io
from collections.abc import Collection, Sequence
from os import PathLike

from pycocotools.coco import COCO

from fcos_mm.datasets import coco_api
from fcos_mm.datasets.coco_format import FIELDS, GROUND_TRUTH, entry_faults, read_coco
from fcos_mm.datasets.json_file import read_json
from fcos_mm.errors import UserError

Truth = str | PathLike | COCO
Results = str | PathLike | Sequence[dict]

as_coco = coco_api.COCO.of


def read_truth(truth: Truth, *, annotated: bool = True) -> COCO:
    """Read an annotation file.

    Args:
        truth: The path, or annotations read already.
        annotated: Whether its boxes are read.

    Raises:
        UserError: If there is no such file or it is not in COCO's format.
    """
    if isinstance(truth, coco_api.COCO):
        return truth
    if isinstance(truth, COCO):
        return as_coco(truth.dataset)
    needs = {name: fields for name, fields in GROUND_TRUTH.items()
             if annotated or name != 'annotations'}
    dataset = read_coco(str(truth), needs, annotated=False)
    return as_coco({name: dataset[name] for name in needs})


def read_results(results: Results, truth: COCO, *,
                 image_ids: Collection[int] | None = None) -> list[dict]:
    """Read detections, and check that their images and categories are annotated.

    Args:
        results: A file of detections (``*.bbox.json``), or its rows: ``image_id``,
            ``category_id``, ``bbox`` (x, y, w, h) in pixels, ``score``.
        truth: The annotations.
        image_ids: Detections in other images are left out; None keeps all.

    Raises:
        UserError: If there is no such file, it is no list of detections, or a
            detection names an image or a category that is not annotated.
    """
    from_file = isinstance(results, (str, PathLike))
    name = str(results) if from_file else 'The results'
    rows = read_rows(results) if from_file else results
    needed = FIELDS['detections']
    if not isinstance(rows, (list, tuple)) or not all(
            isinstance(row, dict) and needed.keys() <= row.keys() for row in rows):
        raise UserError(
            f'{name}: not a list of detections, each with image_id, category_id, bbox and score.\n'
            'Write the file with test_evaluator.outfile_prefix=PREFIX; it is PREFIX.bbox.json.')
    fault = next(entry_faults(rows, 'detections', needed), None) if from_file else None
    if fault is not None:
        raise UserError(f'{name}: {fault}')
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
    """Index detections as pycocotools' ``loadRes`` does; there may be none."""
    detections = [dict(row, id=number, area=row['bbox'][2] * row['bbox'][3], iscrowd=0)
                  for number, row in enumerate(rows, start=1)]
    return as_coco(dict(images=truth.dataset['images'], categories=truth.dataset['categories'],
                        annotations=detections))


def quiet() -> contextlib.AbstractContextManager:
    """Discard what pycocotools prints."""
    return contextlib.redirect_stdout(io.StringIO())


def read_rows(path: str | PathLike) -> list:
    """Read a file of detections without a check of its content; see :func:`read_json`."""
    return read_json(str(path), 'File of results',
                     'Write it with test_evaluator.outfile_prefix=PREFIX.')
