"""Drawings of odd names, palettes, boxes and sizes."""
from pathlib import Path

import cv2
import numpy as np
import torch
from fuzz_tools import NASTY
from hypothesis import strategies as st
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from fcos_mm.visualization import DetLocalVisualizer

SIZES = ((1, 1), (1, 300), (300, 1), (64, 48), (33, 20))  # width and height in pixels
ENDINGS = ('.jpg', '.PNG', '.pgm', '.tif', '.jfif', '', '.猫')
_FAR = 400.  # boxes reach so far over the borders


def cases() -> st.SearchStrategy:
    """Names of classes, a palette, boxes with labels, the image's size, an ending."""
    color = st.tuples(*[st.integers(0, 255)] * 3)
    palette = st.lists(color | st.sampled_from(NASTY)) | st.sampled_from(NASTY) | st.sampled_from(
        ('coco', 'voc', 'citys', 'random', 'green', 'none'))
    place = st.floats(-_FAR, _FAR, width=32)
    box = st.tuples(place, place, place, place, st.integers(0, 12))
    names = st.none() | st.lists(st.text(max_size=12), max_size=8)
    return st.tuples(names, palette, st.lists(box, max_size=6), st.sampled_from(SIZES),
                     st.sampled_from(ENDINGS))


def check(case: tuple, folder: Path) -> str:
    """A JPEG or PNG of the image's size, whatever is drawn.

    Args:
        case: Of :func:`cases`.
        folder: Where the drawing is written.
    """
    names, palette, boxes, (width, height), ending = case
    for path in folder.iterdir():
        path.unlink()
    sides = torch.tensor([box[:4] for box in boxes]).reshape(-1, 2, 2).sort(dim=1).values
    sample = DetDataSample(pred_instances=InstanceData(
        bboxes=sides.reshape(-1, 4), scores=torch.ones(len(boxes)),
        labels=torch.tensor([box[4] for box in boxes], dtype=torch.long)))
    visualizer = DetLocalVisualizer()
    visualizer.dataset_meta = dict(palette=palette) if names is None else dict(
        palette=palette, classes=names)
    visualizer.add_datasample('a', np.zeros((height, width, 3), np.uint8), sample, draw_gt=False,
                              out_file=str(folder / f'a{ending}'))
    path, = folder.iterdir()
    assert path.suffix.lower() in ('.jpg', '.png')
    drawn = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    assert drawn.shape == (height, width, 3)
    return 'accepted'
