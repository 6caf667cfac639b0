"""Check a file of detections for COCO's evaluation server."""
from collections import Counter
from typing import NamedTuple

import numpy as np
from pycocotools.coco import COCO

from fcos_mm.datasets.coco_format import FIELDS, entry_fault, entry_faults
from fcos_mm.errors import UserError
from fcos_mm.evaluation.coco_files import read_rows, read_truth

#: The server counts this many detections of an image.
LIMIT = 100
#: How far a box may extend beyond its image, in pixels.
MARGIN = 1.0
_SHOWN = 3  # cases of a fault


class Fault(NamedTuple):
    """A broken rule."""
    rule: str  # what is wrong
    total: int  # how often
    cases: tuple[str, ...]  # the first few


class ResultReport(NamedTuple):
    """The contents of a file of detections."""
    summary: str  # numbers of detections, images and categories
    faults: tuple[Fault, ...]  # the broken rules; if there is none, the server accepts the file

    def text(self) -> str:
        lines = [self.summary]
        for fault in self.faults:
            lines.append(f'wrong: {fault.rule}: {fault.total:,}')
            lines += [f'    {case}' for case in fault.cases]
            lines += ['    ...'] * (fault.total > len(fault.cases))
        return '\n'.join(lines)


def check_result_file(results: str, truth: str) -> ResultReport:
    """Check a file of detections (``*.bbox.json``) against the images it belongs to.

    The image file is in COCO format, with or without annotations
    (``image_info_test-dev2017.json``).

    Raises:
        UserError: If a file is missing or not JSON, the results are not a list, or the images
            have no sizes.
    """
    known = read_truth(truth, annotated=False)
    rows = read_rows(results)
    if not isinstance(rows, list):
        raise UserError(f'{results} holds a {type(rows).__name__} and no list of detections.\n'
                        'Write it with test_evaluator.outfile_prefix=PREFIX.')
    reasons = [None] * len(rows)
    if any(entry_faults(rows, 'submission', FIELDS['submission'])):
        reasons = [entry_fault(row, 'submission') for row in rows]
    entries = [(index, rows[index]) for index, reason in enumerate(reasons) if reason is None]
    counts = Counter(row['image_id'] for _, row in entries)
    broken = {
        'entries of another form': [
            f'entry {index}: {reason}' for index, reason in enumerate(reasons) if reason],
        f'images with more than {LIMIT} detections': [
            f'image_id {image}: {count}' for image, count in counts.items() if count > LIMIT],
        **{rule: [_case(*entries[place]) for place in np.flatnonzero(mask)]
           for rule, mask in _masks([row for _, row in entries], known, truth).items()}}
    faults = [Fault(rule, len(cases), tuple(cases[:_SHOWN]))
              for rule, cases in broken.items() if cases]
    if not rows:
        faults = [Fault('no detection at all', 1, ())]
    categories = {row['category_id'] for _, row in entries}
    return ResultReport(
        f'{len(rows):,} detections in {len(counts):,} of {len(known.imgs):,} images, at most '
        f'{max(counts.values(), default=0):,} in one, of {len(categories)} of {len(known.cats)} '
        'categories', tuple(faults))


def _masks(rows: list[dict], known: COCO, truth: str) -> dict[str, np.ndarray]:
    """The rules of a single detection, each with (n,) whether it is broken."""
    boxes = np.array([row['bbox'] for row in rows], dtype=float).reshape(-1, 4)
    scores = np.array([row['score'] for row in rows], dtype=float)
    sizes = np.array([_size(known.imgs.get(row['image_id']), truth) for row in rows])
    far = boxes[:, :2] + boxes[:, 2:]
    outside = (boxes[:, :2] < -MARGIN).any(1) | (far > sizes.reshape(-1, 2) + MARGIN).any(1)
    return {
        'image_id not in the annotation file': np.array(
            [row['image_id'] not in known.imgs for row in rows]),
        'category_id not in the annotation file': np.array(
            [row['category_id'] not in known.cats for row in rows]),
        'boxes without width or height': (boxes[:, 2:] <= 0).any(1),
        'boxes more than a pixel outside the image': outside,
        'scores outside 0 to 1': (scores < 0) | (scores > 1),
    }


def _size(image: dict | None, truth: str) -> tuple[float, float]:
    """Width and height, infinite for an unknown image."""
    if image is None:
        return np.inf, np.inf
    if not all(isinstance(image.get(side), (int, float)) for side in ('width', 'height')):
        raise UserError(f"{truth}: image {image['id']} has no width or height.\n"
                        'Give a file whose images have their sizes.')
    return image['width'], image['height']


def _case(index: int, row: dict) -> str:
    return (f"entry {index}: image_id {row['image_id']}, category_id {row['category_id']}, "
            f"bbox {row['bbox']}, score {row['score']}")
