"""A grid of test images with their detections: what ``tools/analysis_tools/draw_grid.py`` does."""
import argparse
import os.path as osp

import cv2
import mmcv
import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.structures import InstanceData
from torch import Tensor

from fcos_mm.apis.image_files import read_image
from fcos_mm.apis.named_inputs import check_order
from fcos_mm.checkpoints.safe_pickle import load_plain_pickle
from fcos_mm.config import load_config
from fcos_mm.config.datasets import first_dataset
from fcos_mm.errors import UserError
from fcos_mm.runtime.thresholds import check_score_threshold
from fcos_mm.visualization import DetLocalVisualizer

_GAP = 4  # pixels between two images


def run(args: argparse.Namespace) -> None:
    """Draw the grid and print its name."""
    check_order(config=args.config, predictions=args.predictions)
    check_score_threshold(args.score_thr)
    cfg = load_config(args.config, args.cfg_options)
    draw_grid(cfg, args.predictions, args.out, count=args.count, columns=args.columns,
              side=args.side, score_thr=args.score_thr)
    print(args.out)


def draw_grid(cfg: Config, predictions: str, out_file: str, *, count: int = 24, columns: int = 6,
              side: int = 320, score_thr: float = 0.3) -> None:
    """Draw images taken at equal distances from the tested ones.

    Args:
        cfg: The config that was tested; names the classes.
        predictions: The file that ``tools/test.py --out`` wrote.
        out_file: The image to write.
        count: Number of images.
        columns: Images in a row.
        side: Longer side of each image in the grid, in pixels.
        score_thr: Detections with a lower score are not drawn.

    Raises:
        UserError: If a file or a number cannot be used.
    """
    if min(count, columns, side) < 1:
        raise UserError(f'--count {count}, --columns {columns} and --side {side} must be at '
                        'least 1.')
    results = read_predictions(predictions)
    chosen = np.linspace(0, len(results) - 1, min(count, len(results))).round().astype(int)
    visualizer = DetLocalVisualizer(line_width=2, alpha=1.0)
    visualizer.dataset_meta = first_dataset(cfg.test_dataloader).get('metainfo', {})
    tiles = [draw_tile(results[index], visualizer, side, score_thr) for index in chosen]
    _write(join_tiles(tiles, columns), out_file)


def _write(grid: np.ndarray, out_file: str) -> None:
    try:
        written = mmcv.imwrite(mmcv.rgb2bgr(grid), out_file)
        reason = 'OpenCV cannot encode it'
    except (OSError, cv2.error) as error:
        written = False
        reason = getattr(error, 'strerror', None) or 'the extension is not an image format'
    if not written:
        raise UserError(f'{out_file} cannot be written: {reason}.\nUse a name that ends with .png '
                        'or .jpg, in a folder that you can write to.')


def read_predictions(path: str) -> list[dict]:
    """Read what ``tools/test.py --out`` wrote.

    Returns:
        For each image ``img_path`` and ``pred_instances``, which has
        ``bboxes`` (n, 4) in pixels of the image, ``scores`` and ``labels``.

    Raises:
        UserError: If there is no such file or it holds something else.
    """
    remedy = 'Write it with `fcos-mm test CONFIG CHECKPOINT --out FILE.pkl`.'
    if not osp.isfile(path):
        raise UserError(f'Predictions not found: {path}\n{remedy}')
    try:
        results = load_plain_pickle(path)
    except UserError as error:
        raise UserError(f'{error}\n{remedy}') from error
    if not isinstance(results, list) or not results:
        raise UserError(f'{path} holds no predictions.\n{remedy}')
    for index, result in enumerate(results):
        if not _is_prediction(result):
            raise UserError(f'{path} holds no predictions: entry {index} is none.\n{remedy}')
    return results


def _is_prediction(result: object) -> bool:
    """Whether this is what :func:`read_predictions` promises of an entry."""
    if not isinstance(result, dict) or not isinstance(result.get('img_path'), str):
        return False
    found = result.get('pred_instances')
    if not isinstance(found, dict):
        return False
    boxes, scores, labels = (found.get(name) for name in ('bboxes', 'scores', 'labels'))
    return (all(isinstance(value, Tensor) for value in (boxes, scores, labels))
            and boxes.ndim == 2 and boxes.shape[1] == 4
            and scores.shape == labels.shape == boxes.shape[:1]
            and boxes.is_floating_point() and scores.is_floating_point()
            and labels.dtype == torch.int64)


def draw_tile(result: dict, visualizer: DetLocalVisualizer, side: int,
              score_thr: float) -> np.ndarray:
    """Draw an entry of :func:`read_predictions`: RGB, uint8 ``(side, side, 3)``, padded with black.

    Raises:
        UserError: If the image cannot be read, or a label has no class.
    """
    if not osp.isfile(result['img_path']):
        raise UserError(f"Image not found: {result['img_path']}\nIt was there when the "
                        'predictions were made. Test again.')
    detections = InstanceData(**result['pred_instances'])
    classes = visualizer.dataset_meta.get('classes')
    if classes and len(detections) and not 0 <= detections.labels.min() <= (
            detections.labels.max()) < len(classes):
        raise UserError(f"{result['img_path']}: the predictions have labels that the config's "
                        f'{len(classes)} classes do not have. Give the config that was tested.')
    image, scale = mmcv.imrescale(read_image(result['img_path']), (side, side), return_scale=True)
    detections.bboxes = detections.bboxes * scale
    sample = DetDataSample(pred_instances=detections)
    visualizer.add_datasample('tile', image, sample, draw_gt=False, pred_score_thr=score_thr)
    return mmcv.impad(visualizer.get_image(), shape=(side, side))


def join_tiles(tiles: list[np.ndarray], columns: int) -> np.ndarray:
    """Put squares ``(side, side, 3)`` into rows, the last one filled up with black."""
    columns = min(columns, len(tiles))
    tiles = [mmcv.impad(tile, padding=(0, 0, _GAP, _GAP)) for tile in tiles]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[first:first + columns]) for first in range(0, len(tiles), columns)]
    return np.vstack(rows)
