"""Images of each class with their boxes."""
from typing import Any

import numpy as np

from fcos_mm.data_report.inputs import DataInputs
from fcos_mm.datasets.statistics.split import LabelledSplit
from fcos_mm.pages.chapter import Chapter

_EACH, _MOST = 4, 60  # images of a class, of all classes


def samples(inputs: DataInputs) -> Chapter:
    """Images of each class of the first split, spread evenly over it."""
    split = inputs.splits[0]
    each = max(min(_EACH, _MOST // max(len(split.classes), 1)), 1)
    chosen = [dict(name=name, pictures=[
        _picture(split, place, label) for place in _spread(split, label, each)])
        for label, name in enumerate(split.classes)]
    shown = [entry for entry in chosen if entry['pictures']]
    return Chapter('samples', 'Samples', dict(
        split=split.name, each=each, left_out=max(len(shown) - _MOST, 0),
        classes=shown[:_MOST]), 'data_report/samples.html')


def _spread(split: LabelledSplit, label: int, count: int) -> list[int]:
    """Places of images with a class, from the first to the last."""
    places = np.unique(split.owner[split.labels == label])
    return places[np.linspace(0, len(places) - 1, min(count, len(places))).astype(int)].tolist()


def _picture(split: LabelledSplit, place: int, label: int) -> dict[str, Any]:
    image, width, height = split.images[place], *split.image_sizes[place].tolist()
    corners = np.hstack([split.boxes[:, :2], split.boxes[:, :2] + split.boxes[:, 2:]])
    boxes = [dict(box=corners[index].tolist(), label=split.classes[split.labels[index]],
                  kind='truth' if split.labels[index] == label else 'other')
             for index in split.boxes_of[place]]
    return dict(path=split.paths[place], width=width, height=height,
                caption=image['file_name'], panels=[dict(title='', boxes=boxes)])
