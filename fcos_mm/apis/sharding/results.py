"""What is known of a picture: its detections, or why there are none. Plain values for JSON."""
import json
from collections.abc import Mapping, Sequence

import numpy as np

from fcos_mm.runtime.detections import Detections

#: Of a failure: a file that a machine lacks, a picture that cannot be read, anything else.
MISSING, UNREADABLE, UNEXPECTED = 'missing', 'unreadable', 'unexpected'

Result = dict


def found(detections: Detections, pages: int) -> Result:
    """The result of a picture in which a network detected.

    Raises:
        ValueError: If it holds what JSON does not have, such as NaN.
    """
    result = dict(boxes=detections.boxes.tolist(), scores=detections.scores.tolist(),
                  labels=detections.labels.tolist(), near=detections.near)
    if pages > 1:
        result['pages'] = pages
    json.dumps(result, allow_nan=False)
    return result


def failed(reason: str, kind: str = UNEXPECTED, trace: str = '') -> Result:
    """The result of a picture that failed."""
    return dict(failure=reason, kind=kind, trace=trace)


def is_failure(result: Result) -> bool:
    """Whether a picture failed."""
    return 'failure' in result


def detections_of(result: Result, classes: Sequence[str], category_ids: Mapping[str, int]
                  ) -> Detections:
    """The detections that :func:`found` was given, without the image."""
    return Detections(
        boxes=np.array(result['boxes'], np.float32).reshape(-1, 4),
        scores=np.array(result['scores'], np.float32),
        labels=np.array(result['labels'], np.int64), classes=classes, near=result['near'],
        image=np.empty((0, 0, 3), np.uint8), category_ids=dict(category_ids))
