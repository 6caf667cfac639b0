"""Fig. 8: detections in crowded, highly overlapping, tiny and huge objects."""
import os.path as osp

import mmcv
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pycocotools.coco import COCO

from fcos_mm.analysis.figures.boxes import draw_box, label_boxes, pick_colors
from fcos_mm.analysis.figures.picks import KINDS, measure, pick_images
from fcos_mm.analysis.figures.style import FONT, TITLE_FONT, save
from fcos_mm.datasets.transforms import LoadImageFromFile
from fcos_mm.errors import UserError
from fcos_mm.evaluation.coco_files import Results, Truth, read_results, read_truth

_WIDTH = 11.  # of the sheet, inches
_MAX_HEIGHT = 3.4  # of a row of images, inches
_GAP, _TITLE, _CAPTION = 0.08, 0.32, 0.26  # inches


def draw_qualitative(truth: Truth, results: Results, image_dir: str, out_file: str, *,
                     per_kind: int = 3, score_thr: float = 0.3) -> Figure:
    """Draw detections in images of each kind, one row a kind, and write the figure.

    :func:`pick_images` picks ``per_kind`` of each by the ground truth alone. Overlapping boxes
    have different colors; a name that would cover another is left out.

    Raises:
        UserError: If a file cannot be read or written, or no image has a box.
    """
    truth = read_truth(truth)
    picks = {kind: ids for kind, ids in pick_images(truth, per_kind).items() if ids}
    if not picks:
        raise UserError('The annotations hold no boxes, so that there are no images to pick.\n'
                        'Give an annotation file with boxes.')
    kinds = {image_id: kind for kind, ids in picks.items() for image_id in ids}
    images = {image_id: _read_image(truth, image_id, image_dir) for image_id in kinds}
    detections = [row for row in read_results(results, truth, image_ids=kinds)
                  if row['score'] >= score_thr]
    figure = Figure()
    for image_id, axes in _lay_out(figure, picks, images).items():
        kind = kinds[image_id]
        axes.set_xlabel(KINDS[kind].caption(measure(truth, image_id, kind)), fontsize=FONT,
                        labelpad=3)
        _draw_detections(axes, truth, [r for r in detections if r['image_id'] == image_id])
    save(figure, out_file)
    return figure


def _read_image(truth: COCO, image_id: int, image_dir: str) -> np.ndarray:
    """RGB, (height, width, 3)."""
    path = osp.join(image_dir, truth.imgs[image_id]['file_name'])
    if not osp.isfile(path):
        raise UserError(f'Image not found: {path}\nName the folder that holds the images of the '
                        'annotations.')
    return mmcv.bgr2rgb(LoadImageFromFile()(dict(img_path=path))['img'])


def _lay_out(figure: Figure, picks: dict[str, list[int]],
             images: dict[int, np.ndarray]) -> dict[int, Axes]:
    """Put the images into rows, each of one height, below the title of their kind."""
    ratios = {image_id: image.shape[1] / image.shape[0] for image_id, image in images.items()}
    heights = {kind: min(_MAX_HEIGHT,
                         (_WIDTH - _GAP * (len(ids) + 1)) / sum(ratios[i] for i in ids))
               for kind, ids in picks.items()}  # inches
    total = sum(heights.values()) + len(picks) * (_TITLE + _CAPTION)
    figure.set_size_inches(_WIDTH, total)
    panels, top = {}, total
    for kind, ids in picks.items():
        figure.text(_GAP / _WIDTH, (top - _TITLE / 2) / total, KINDS[kind].title, va='center',
                    fontsize=TITLE_FONT, fontweight='bold')
        bottom, left = top - _TITLE - heights[kind], _GAP
        for image_id in ids:
            width = ratios[image_id] * heights[kind]
            panels[image_id] = figure.add_axes(
                (left / _WIDTH, bottom / total, width / _WIDTH, heights[kind] / total))
            panels[image_id].imshow(images[image_id])
            left += width + _GAP
        top = bottom - _CAPTION
    return panels


def _draw_detections(axes: Axes, truth: COCO, rows: list[dict]) -> None:
    """Draw the boxes with classes and scores, the highest score on top."""
    axes.set(xticks=[], yticks=[], autoscale_on=False)
    if not rows:
        return
    rows = sorted(rows, key=lambda row: row['score'])
    boxes = np.array([row['bbox'] for row in rows])
    boxes[:, 2:] += boxes[:, :2]
    colors = pick_colors(boxes)
    for box, color in zip(boxes, colors):
        draw_box(axes, box, color)
    names = [f'{truth.cats[row["category_id"]]["name"]} {row["score"]:.2f}' for row in rows]
    inches = axes.get_position().width * axes.figure.get_figwidth()
    label_boxes(axes, boxes, names, colors, points_per_pixel=72 * inches / axes.get_xlim()[1])
