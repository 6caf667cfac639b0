"""Annotations that may be at fault: those that a well-trained detector contradicts."""
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fcos_mm.evaluation.label_faults import REASONS, Suspect
from fcos_mm.evaluation.matcher import to_xywh
from fcos_mm.pages.chapter import Chapter
from fcos_mm.report.inputs import ReportInputs
from fcos_mm.report.picture import picture
from fcos_mm.report.results import Results

_SHOWN = 12  # pictures of a reason
_ROWS = 100


def label_faults(inputs: ReportInputs) -> Chapter:
    """Counts, the first rows of the list and the first pictures for each reason."""
    results = inputs.results
    count = Counter(suspect.reason for suspect in results.suspects)
    sure = Counter(suspect.reason for suspect in results.suspects if suspect.suspicion >= 0.9)
    return Chapter('label_faults', 'Suspected label faults', {
        'threshold': results.best_f1.overall.threshold,
        'reasons': {reason: {'count': count[reason], 'sure': sure[reason],
                             'pictures': _pictures(results, reason)} for reason in REASONS},
        'rows': [_row(results, suspect) for suspect in results.suspects[:_ROWS]],
    }, 'report/label_faults.html')


def fault_list(inputs: ReportInputs) -> dict:
    """All of them, as ``label_faults.json`` has them; see docs/label_faults.md."""
    results = inputs.results
    return {'annotations': inputs.ann_file, 'checkpoint': inputs.checkpoint,
            'threshold': results.best_f1.overall.threshold,
            'faults': [_row(results, suspect) for suspect in results.suspects]}


def _row(results: Results, suspect: Suspect) -> dict:
    """A suspected fault with ids and names instead of places."""
    truth, found, names = results.truth, results.found, results.classes
    reason, suspicion, image, box, place, other = suspect
    corners = truth.boxes[[box]] if box >= 0 else found.boxes[[place]]
    return {
        'reason': reason, 'suspicion': round(suspicion, 3),
        'file': Path(results.images[image].path).name, 'image_id': results.images[image].id,
        'bbox': to_xywh(corners)[0].round(1).tolist(),
        'annotation_id': truth.ids[box] if box >= 0 else None,
        'class': names[truth.labels[box]] if box >= 0 else None,
        'other_annotation_id': truth.ids[other] if other >= 0 else None,
        'other_class': names[truth.labels[other]] if other >= 0 else None,
        'detected_class': names[found.labels[place]] if place >= 0 else None,
        'score': round(float(found.scores[place]), 3) if place >= 0 else None}


def _pictures(results: Results, reason: str) -> list[dict]:
    """The first images with a suspected fault of this kind, each with all that it has of them."""
    images: dict[int, list[Suspect]] = {}
    for suspect in results.suspects:
        if suspect.reason == reason:
            images.setdefault(suspect.image, []).append(suspect)
    return [_picture(results, suspects) for suspects in list(images.values())[:_SHOWN]]


def _picture(results: Results, suspects: Sequence[Suspect]) -> dict:
    """The boxes and detections in question, beside all other boxes and what they match."""
    image = suspects[0].image
    boxes = {box: 'truth' for box in np.flatnonzero(results.truth.images == image).tolist()}
    right = results.shown & results.right & (results.found.images == image)
    detections = {place: 'right' for place in np.flatnonzero(right).tolist()}
    for suspect in suspects:
        boxes |= {box: 'doubtful' for box in (suspect.box, suspect.other) if box >= 0}
        if suspect.detection >= 0:
            detections[suspect.detection] = 'doubtful'
    more = f', and {len(suspects) - 1} more' if len(suspects) > 1 else ''
    return picture(results, image, _caption(_row(results, suspects[0])) + more, boxes, detections)


def _caption(row: dict) -> str:
    parts = [f'{row[name]} (annotation {row[key]})' for name, key in (
        ('class', 'annotation_id'), ('other_class', 'other_annotation_id')) if row[name]]
    if row['detected_class']:
        parts.append(f'detected as {row["detected_class"]} {row["score"]:.2f}')
    return f'{", ".join(parts)}, suspicion {row["suspicion"]:.2f}'
