"""Fig. 8: detections in pictures that are crowded, highly overlapping, tiny and huge."""
import os.path as osp

import mmcv
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pycocotools.coco import COCO

from fcos_mm.analysis.figures.boxes import draw_box, label_boxes, pick_colors
from fcos_mm.analysis.figures.picks import KINDS, measure, pick_pictures
from fcos_mm.analysis.figures.style import FONT, TITLE_FONT, save
from fcos_mm.datasets.transforms import LoadImageFromFile
from fcos_mm.errors import UserError
from fcos_mm.evaluation.coco_files import Results, Truth, read_results, read_truth

_WIDTH = 11.  # of the sheet, inches
_HIGHEST = 3.4  # a row of pictures at most, inches
_GAP, _TITLE, _CAPTION = 0.08, 0.32, 0.26  # inches


def draw_qualitative(truth: Truth,
                     results: Results,
                     image_dir: str,
                     out_file: str,
                     *,
                     per_kind: int = 3,
                     score_thr: float = 0.3) -> Figure:
    """Draw detections in pictures of each kind, a row a kind.

    :func:`pick_pictures` picks them by the ground truth alone. Boxes that
    overlap have different colours; a name that would cover another is left
    out.

    Args:
        truth: The annotations, or the path of their file.
        results: Detections in COCO's format, or the path of their file.
        image_dir: The folder with the pictures.
        out_file: The picture to write.
        per_kind: Pictures in a row.
        score_thr: Detections with a lower score are not drawn.

    Returns:
        The figure as written.

    Raises:
        UserError: If a file cannot be read, a picture is missing, no picture
            has a box, or the sheet cannot be written.
    """
    truth = read_truth(truth)
    picks = {kind: ids for kind, ids in pick_pictures(truth, per_kind).items() if ids}
    if not picks:
        raise UserError('The annotations hold no boxes, so that there are no pictures to pick.\n'
                        'Give an annotation file with boxes.')
    shown = {image_id for ids in picks.values() for image_id in ids}
    pictures = {image_id: _read_picture(truth, image_id, image_dir) for image_id in shown}
    detections = [row for row in read_results(results, truth, image_ids=shown)
                  if row['score'] >= score_thr]
    figure = Figure()
    panels = _lay_out(figure, picks, pictures)
    for kind, ids in picks.items():
        for image_id in ids:
            axes = panels[image_id]
            axes.set_xlabel(KINDS[kind].caption(measure(truth, image_id, kind)), fontsize=FONT,
                            labelpad=3)
            _draw_detections(axes, truth, [r for r in detections if r['image_id'] == image_id])
    save(figure, out_file)
    return figure


def _read_picture(truth: COCO, image_id: int, image_dir: str) -> np.ndarray:
    """RGB, (height, width, 3)."""
    path = osp.join(image_dir, truth.imgs[image_id]['file_name'])
    if not osp.isfile(path):
        raise UserError(f'Image not found: {path}\nName the folder that holds the pictures of the '
                        'annotations.')
    return mmcv.bgr2rgb(LoadImageFromFile()(dict(img_path=path))['img'])


def _lay_out(figure: Figure, picks: dict[str, list[int]],
             pictures: dict[int, np.ndarray]) -> dict[int, Axes]:
    """Put the pictures into rows, each of one height, under the title of their kind."""
    ratios = {image_id: picture.shape[1] / picture.shape[0]
              for image_id, picture in pictures.items()}
    heights = {kind: min(_HIGHEST, (_WIDTH - _GAP * (len(ids) + 1)) / sum(ratios[i] for i in ids))
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
            panels[image_id].imshow(pictures[image_id])
            left += width + _GAP
        top = bottom - _CAPTION
    return panels


def _draw_detections(axes: Axes, truth: COCO, rows: list[dict]) -> None:
    """Draw the boxes, the surest on top, with classes and scores."""
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
