"""Is a file of detections what COCO's evaluation server takes?"""
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from pycocotools.coco import COCO

from fcos_mm.errors import UserError
from fcos_mm.evaluation.coco_entries import malformed_detection
from fcos_mm.evaluation.coco_files import read_rows, read_truth

#: The server counts this many of an image.
LIMIT = 100

#: How far a box may reach out of its image, in pixels.
MARGIN = 1.0

#: How many cases of a fault are shown.
_SHOWN = 3


class Fault(NamedTuple):
    """One rule that is broken.

    Attributes:
        rule: What is wrong.
        total: How often.
        cases: The first few.
    """
    rule: str
    total: int
    cases: tuple[str, ...]


@dataclass(frozen=True)
class ResultReport:
    """What a file of detections holds.

    Attributes:
        detections: Entries of the file.
        images: Images with a detection.
        known_images: Images of the annotation file.
        categories: Categories with a detection.
        known_categories: Categories of the annotation file.
        most: The largest number of detections in an image.
        faults: The rules that are broken; none: the server takes the file.
    """
    detections: int
    images: int
    known_images: int
    categories: int
    known_categories: int
    most: int
    faults: tuple[Fault, ...]

    def text(self) -> str:
        """The report as lines for a person."""
        lines = [f'{self.detections:,} detections in {self.images:,} of {self.known_images:,} '
                 f'images, at most {self.most:,} in one, of {self.categories} of '
                 f'{self.known_categories} categories']
        for fault in self.faults:
            lines.append(f'wrong: {fault.rule}: {fault.total:,}')
            lines += [f'    {case}' for case in fault.cases]
            lines += ['    ...'] * (fault.total > len(fault.cases))
        return '\n'.join(lines)


def check_result_file(results: str, truth: str) -> ResultReport:
    """Check a file of detections against the images it is about.

    Args:
        results: File of detections (``*.bbox.json``).
        truth: File in COCO's format; annotations are not needed, as in
            ``image_info_test-dev2017.json``.

    Raises:
        UserError: If a file is missing or not JSON, the results are no list,
            or the images have no sizes.
    """
    known = read_truth(truth, annotated=False)
    rows = read_rows(results)
    if not isinstance(rows, list):
        raise UserError(f'{results} holds a {type(rows).__name__} and no list of detections.\n'
                        'Write it with test_evaluator.outfile_prefix=PREFIX.')
    reasons = [malformed_detection(row, (int, )) for row in rows]
    entries = [index for index, reason in enumerate(reasons) if reason is None]
    images = np.array([rows[index]['image_id'] for index in entries])
    labels = np.array([rows[index]['category_id'] for index in entries])
    counts = dict(zip(*(part.tolist() for part in np.unique(images, return_counts=True))))
    faults = [*_format_faults(rows, reasons), *_too_many(counts)]
    for rule, broken in _broken_rules(rows, entries, images, labels, known, truth):
        which = np.flatnonzero(broken)
        cases = [_case(entries[index], rows[entries[index]]) for index in which[:_SHOWN]]
        faults += [Fault(rule, len(which), tuple(cases))] * (len(which) > 0)
    return ResultReport(
        detections=len(rows), images=len(counts), known_images=len(known.imgs),
        categories=len(np.unique(labels)), known_categories=len(known.cats),
        most=max(counts.values(), default=0), faults=tuple(faults))


def _format_faults(rows: list, reasons: Sequence[str | None]) -> list[Fault]:
    """The faults of the whole list and of the entries' form."""
    if not rows:
        return [Fault('no detection at all', 1, ())]
    wrong = [f'entry {index}: {reason}' for index, reason in enumerate(reasons) if reason]
    return [Fault('entries of another form', len(wrong), tuple(wrong[:_SHOWN]))] if wrong else []


def _too_many(counts: dict[int, int]) -> list[Fault]:
    """The images with more detections than count."""
    over = [f'image_id {image}: {count}' for image, count in counts.items() if count > LIMIT]
    rule = f'images with more than {LIMIT} detections'
    return [Fault(rule, len(over), tuple(over[:_SHOWN]))] if over else []


def _broken_rules(rows: list, entries: list[int], images: np.ndarray, labels: np.ndarray,
                  known: COCO, truth: str) -> list[tuple[str, np.ndarray]]:
    """The rules for single detections, each with a mask (n,) of those that break it."""
    boxes = np.array([rows[index]['bbox'] for index in entries], dtype=float).reshape(-1, 4)
    scores = np.array([rows[index]['score'] for index in entries], dtype=float)
    sizes = np.array([_size(known.imgs.get(image), truth) for image in images.tolist()])
    sizes = sizes.reshape(-1, 2)  # (n, 2), infinite for an unknown image
    far = boxes[:, :2] + boxes[:, 2:]
    outside = (boxes[:, :2] < -MARGIN).any(1) | (far > sizes + MARGIN).any(1)
    return [
        ('image_id not in the annotation file', ~np.isin(images, list(known.imgs))),
        ('category_id not in the annotation file', ~np.isin(labels, list(known.cats))),
        ('boxes without width or height', (boxes[:, 2:] <= 0).any(1)),
        ('boxes more than a pixel outside the image', outside),
        ('scores outside 0 to 1', (scores < 0) | (scores > 1)),
    ]


def _size(image: dict | None, truth: str) -> tuple[float, float]:
    if image is None:
        return math.inf, math.inf
    if not all(isinstance(image.get(side), (int, float)) for side in ('width', 'height')):
        raise UserError(f"{truth}: image {image['id']} has no width or height.\n"
                        'Give a file whose images have their sizes.')
    return image['width'], image['height']


def _case(index: int, row: dict) -> str:
    return (f"entry {index}: image_id {row['image_id']}, category_id {row['category_id']}, "
            f"bbox {row['bbox']}, score {row['score']}")
