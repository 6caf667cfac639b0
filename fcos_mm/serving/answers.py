"""What a request asks for, and the answer made from detections."""
import dataclasses
import json
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from fcos_mm.runtime.info import ModelInfo


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is wanted of a picture.

    Attributes:
        thresholds: Minimum score of a detection, by class; above 1 for an unwanted class.
        drawn: A PNG file with the boxes drawn, instead of numbers.
    """
    thresholds: tuple[float, ...]
    drawn: bool


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is found in a picture.

    Attributes:
        found: Number of detections.
        values: For JSON, without what only the request knows.
        png: The drawn picture, if it is wanted.
    """
    found: int
    values: dict[str, Any]
    png: bytes | None = None


def answer(detections, question: Question, info: ModelInfo) -> Answer:
    """The answer to a question.

    Args:
        detections: ``runtime.Detections`` of the picture, without a threshold of its own.
        question: What is wanted.
        info: Of the model.
    """
    limits = np.array(question.thresholds, np.float32)
    kept = detections.scores >= limits[detections.labels]
    detections = dataclasses.replace(detections, **{
        name: getattr(detections, name)[kept] for name in ('boxes', 'scores', 'labels')})
    height, width = detections.image.shape[:2]
    rows = [dict(name=info.classes[label], label=label, category_id=info.category_ids[label],
                 score=round(score, 5), box=[round(side, 2) for side in box])
            for label, score, box in zip(detections.labels.tolist(), detections.scores.tolist(),
                                         detections.boxes.tolist())]
    return Answer(found=len(rows), png=_png(detections) if question.drawn else None,
                  values=dict(image=dict(width=width, height=height), detections=rows))


def _png(detections) -> bytes:
    file = BytesIO()
    detections.plot().save(file, 'PNG', compress_level=1)
    return file.getvalue()


def describe(info: ModelInfo, name: str, thresholds: tuple[float, ...]) -> dict[str, Any]:
    """The model for JSON: ``name`` is that of its file."""
    return dict(model=name, **{**json.loads(info.to_json()), 'thresholds': list(thresholds)})
