"""Small results of a detector, written down by hand."""
import numpy as np
import pytest

from fcos_mm.report.inputs import ReportInputs
from fcos_mm.report.results import Boxes, Found, Image, Results

CLASSES = ('cup', 'jar', 'box')


def _columns(rows, width):
    columns = list(zip(*rows)) or [()] * width
    boxes = np.array(columns[2], dtype=np.float64).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    return [np.array(columns[0], dtype=np.int64), np.array(columns[1], dtype=np.int64), boxes,
            *columns[3:]]


def _results(truth, found, *, images=2, classes=CLASSES, class_scores=None) -> Results:
    images_, labels, boxes, crowd = _columns([(*row, 0)[:4] for row in truth], 4)
    places, found_labels, found_boxes, scores = _columns(found, 4)
    return Results(
        tuple(classes), [Image(100 - place, f'/nowhere/{place}.jpg', 90, 60)
                         for place in range(images)],
        Boxes(boxes, labels, images_, np.array(crowd, dtype=bool), list(range(len(labels)))),
        Found(found_boxes, np.array(scores, dtype=np.float64), found_labels, places,
              None if class_scores is None else np.array(class_scores)))


@pytest.fixture(scope='session')
def results_of():
    """``results_of(truth, found, ...)``: results in pictures of 90 x 60 pixels.

    Boxes are rows (image, label, (x, y, w, h)), with a fourth entry 1 for crowds; detections are
    rows (image, label, (x, y, w, h), score).
    """
    return _results


@pytest.fixture(scope='session')
def inputs_of():
    """The inputs of a report with these results and without a training."""
    return lambda results: ReportInputs(results, 'val', 'val.json', 'a.pth', '', [], {})
