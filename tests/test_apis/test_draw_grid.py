"""The grid of images with detections."""
import pickle

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from fcos_mm.apis.draw_grid import draw_grid, join_tiles
from fcos_mm.errors import UserError

CFG = Config(dict(test_dataloader=dict(dataset=dict(
    metainfo=dict(classes=('cup', 'jar'), palette=[(255, 0, 0), (0, 255, 0)])))))


def write_predictions(folder, count, width=40, height=20):
    """Grey images, each with a sure cup, and a doubtful jar over all of it."""
    results = []
    for index in range(count):
        path = str(folder / f'{index}.png')
        cv2.imwrite(path, np.full((height, width, 3), 100 + index, np.uint8))
        results.append(dict(img_path=path, pred_instances=dict(
            bboxes=torch.tensor([[10., 5., 30., 15.], [0., 0., 40., 20.]]),
            scores=torch.tensor([0.9, 0.1]), labels=torch.tensor([0, 1]))))
    path = folder / 'predictions.pkl'
    path.write_bytes(pickle.dumps(results))
    return str(path)


def test_tiles_fill_rows_and_then_black():
    tiles = [np.full((2, 2, 3), value, np.uint8) for value in (10, 20, 30)]
    grid = join_tiles(tiles, columns=2)
    assert grid.shape == (2 * (2 + 4), 2 * (2 + 4), 3)
    assert grid[0, 0, 0] == 10 and grid[0, 6, 0] == 20 and grid[6, 0, 0] == 30
    assert grid[6:, 6:].max() == 0
    assert grid.sum() == 2 * 2 * 3 * (10 + 20 + 30)


def test_sure_detections_are_drawn_where_they_are(tmp_path):
    out = tmp_path / 'grid.png'
    draw_grid(CFG, write_predictions(tmp_path, 1), str(out), count=1, columns=1, side=160)
    grid = cv2.imread(str(out)).astype(int)
    assert grid.shape == (164, 164, 3)
    red = (grid[..., 2] > 200) & (grid[..., :2].max(axis=-1) < 60)
    rows, columns = np.nonzero(red)
    # The image is drawn four times as large: the box is (40, 20, 120, 60).
    assert columns.min() == pytest.approx(40, abs=2) and columns.max() == pytest.approx(120, abs=2)
    # The label stands on its upper edge, at the left.
    assert rows[columns > 100].min() == pytest.approx(20, abs=2)
    assert rows.max() == pytest.approx(60, abs=2)
    # The jar is below the threshold; under the image is black.
    assert not ((grid[..., 1] > 200) & (grid[..., 2] < 60)).any()
    assert grid[80:].max() == 0


def test_images_are_taken_at_equal_distances(tmp_path):
    out = tmp_path / 'grid.png'
    draw_grid(CFG, write_predictions(tmp_path, 9), str(out), count=3, columns=3, side=80)
    grid = cv2.imread(str(out))
    assert [grid[38, 2 + 84 * tile, 0] for tile in range(3)] == [100, 104, 108]


@pytest.mark.parametrize('content, message', [
    (None, 'not found'),
    (b'no pickle', 'cannot be read'),
    (pickle.dumps([]), 'holds no predictions'),
    (pickle.dumps([dict(bbox=1)]), 'holds no predictions'),
])
def test_wrong_predictions_are_named(tmp_path, content, message):
    path = tmp_path / 'results.pkl'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message) as error:
        draw_grid(CFG, str(path), str(tmp_path / 'grid.png'))
    assert 'results.pkl' in str(error.value) and '--out' in str(error.value)


@pytest.mark.parametrize('content, message', [
    (None, '0.png'), (b'hello', 'Image cannot be read: .*0.png')])
def test_an_image_that_cannot_be_read_is_named(tmp_path, content, message):
    predictions = write_predictions(tmp_path, 1)
    (tmp_path / '0.png').unlink()
    if content:
        (tmp_path / '0.png').write_bytes(content)
    with pytest.raises(UserError, match=message):
        draw_grid(CFG, predictions, str(tmp_path / 'grid.png'))


def test_labels_of_another_config(tmp_path):
    one_class = Config(dict(test_dataloader=dict(dataset=dict(metainfo=dict(classes=('cup', ))))))
    with pytest.raises(UserError, match="0.png: the predictions have labels .* 1 classes"):
        draw_grid(one_class, write_predictions(tmp_path, 1), str(tmp_path / 'grid.png'))


def test_counts_must_be_positive(tmp_path):
    with pytest.raises(UserError, match='--columns 0'):
        draw_grid(CFG, write_predictions(tmp_path, 1), str(tmp_path / 'grid.png'), columns=0)


@pytest.mark.parametrize('name', ['grid.xyz', 'grid', 'file/grid.png'])
def test_a_grid_that_cannot_be_written(tmp_path, name):
    (tmp_path / 'file').write_text('')
    with pytest.raises(UserError, match=f'{name} cannot be written: .*\nUse a name that ends with'):
        draw_grid(CFG, write_predictions(tmp_path, 1), str(tmp_path / name))
