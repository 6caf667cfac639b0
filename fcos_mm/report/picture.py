"""Pictures of a gallery: what is annotated beside what was found."""
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fcos_mm.report.results import Results


def picture(results: Results, image: int, caption: str, boxes: Mapping[int, str],
            detections: Mapping[int, str]) -> dict:
    """A picture as :func:`fcos_mm.pages.gallery.gallery` takes it.

    Args:
        results: What there is to find, and what was found.
        image: Place of the image.
        caption: Comes after the name of its file.
        boxes: Place of each annotated box -> its kind in the gallery.
        detections: The same of the detections.
    """
    path, width, height = results.images[image][1:]
    truth, found, names = results.truth, results.found, results.classes
    return {
        'path': path, 'width': width, 'height': height, 'caption': f'{Path(path).name}: {caption}',
        'panels': [
            {'title': 'annotated', 'boxes': [
                _box(truth.boxes[box], names[truth.labels[box]], kind)
                for box, kind in boxes.items()]},
            {'title': 'detected', 'boxes': [
                _box(found.boxes[place],
                     f'{names[found.labels[place]]} {found.scores[place]:.2f}', kind)
                for place, kind in detections.items()]}]}


def _box(box: np.ndarray, label: str, kind: str) -> dict:
    return {'box': box.round(1).tolist(), 'label': label, 'kind': kind}
