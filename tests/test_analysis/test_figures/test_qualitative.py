"""Fig. 8."""
import json
import shutil

import cv2
import numpy as np
import pytest

from fcos_mm.analysis.figures import draw_qualitative
from fcos_mm.errors import UserError


@pytest.fixture
def data(tiny_data, tmp_path):
    """A copy of the tiny dataset, its annotations read."""
    shutil.copytree(tiny_data, tmp_path / 'data')
    return tmp_path / 'data'


@pytest.fixture
def draw(data, tmp_path):
    def call(results, **options):
        return draw_qualitative(str(data / 'val.json'), results, str(data / 'images'),
                                str(tmp_path / 'sheet.png'), **options)
    return call


def detection(image_id, score, box=(10., 8., 20., 16.), category_id=20):
    return dict(image_id=image_id, category_id=category_id, bbox=list(box), score=score)


def test_rows_titles_and_captions(draw, data):
    figure = draw([], per_kind=1)
    first, second = figure.axes
    # Both have two boxes, so that the first counts as crowded and the other one is left.
    assert [text.get_text() for text in figure.texts] == [
        'Crowded: most boxes',
        "Highly overlapping: largest mean of the boxes' best IoU with another"]
    assert first.get_xlabel() == '2 boxes' and second.get_xlabel() == 'mean best IoU 0.00'
    for number, axes in enumerate((first, second), start=1):
        image = cv2.imread(str(data / 'images' / f'val_{number}.png'))[..., ::-1]
        np.testing.assert_array_equal(axes.images[0].get_array(), image)
    tops = [axes.get_position().y1 for axes in figure.axes]
    assert tops[0] > figure.axes[0].get_position().y0 > tops[1]


def test_images_of_a_row_have_one_height_and_their_own_shape(draw, data):
    cv2.imwrite(str(data / 'images' / 'val_1.png'), np.zeros((64, 32, 3), np.uint8))
    figure = draw([], per_kind=2)
    assert len(figure.axes) == 2
    size = figure.get_size_inches()
    (w1, h1), (w2, h2) = (axes.get_position().size * size for axes in figure.axes)
    assert h1 == pytest.approx(h2)
    assert w1 / h1 == pytest.approx(32 / 64) and w2 / h2 == pytest.approx(64 / 48)


def test_detections_from_the_threshold_on(draw):
    figure = draw([detection(1, 0.3), detection(1, 0.29), detection(2, 0.956, category_id=10)],
                  per_kind=1)
    first, second = figure.axes
    assert [patch.get_bbox().extents.tolist() for patch in first.patches] == [[10, 8, 30, 24]]
    assert [text.get_text() for text in first.texts] == ['jar 0.30']
    assert [text.get_text() for text in second.texts] == ['cup 0.96']
    strict = draw([detection(1, 0.3), detection(2, 0.9)], per_kind=1, score_thr=0.5)
    assert [len(axes.patches) for axes in strict.axes] == [0, 1]


def test_results_from_a_file(draw, tmp_path):
    path = tmp_path / 'results.bbox.json'
    path.write_text(json.dumps([detection(2, 0.9)]))
    assert [len(axes.patches) for axes in draw(str(path), per_kind=1).axes] == [0, 1]
    with pytest.raises(UserError, match='gone.json'):
        draw('gone.json')


def test_an_image_that_is_not_there(draw, data):
    (data / 'images' / 'val_2.png').unlink()
    with pytest.raises(UserError, match='Image not found: .*val_2.png'):
        draw([])


def test_an_image_that_is_damaged(draw, data):
    (data / 'images' / 'val_2.png').write_bytes(b'no image')
    with pytest.raises(UserError, match='cannot be read: .*val_2.png'):
        draw([])


def test_annotations_without_boxes(draw, data):
    annotations = json.loads((data / 'val.json').read_text())
    annotations['annotations'] = []
    (data / 'val.json').write_text(json.dumps(annotations))
    with pytest.raises(UserError, match='no boxes'):
        draw([])


def test_real_images(real_data, tmp_path):
    folder = real_data / 'coco' / 'open_images_100'
    truth = json.loads((folder / 'instances.json').read_text())
    results = [dict(detection(row['image_id'], 0.9, row['bbox'], row['category_id']))
               for row in truth['annotations'] if not row['iscrowd']]
    figure = draw_qualitative(str(folder / 'instances.json'), results, str(folder / 'images'),
                              str(tmp_path / 'sheet.png'))
    assert len(figure.axes) == 12 and len(figure.texts) == 4
    most = figure.axes[0]
    assert most.get_xlabel() == f'{len(most.patches)} boxes'
