"""What was found: as rows, and drawn by Pillow."""
import sys

import numpy as np
import pytest
from PIL import Image

from fcos_mm.runtime import Detection, Detections, drawing


def found(height=60, width=80, boxes=((10, 20, 50, 40), (0, 0, 80, 60)), scores=(0.9, 0.5),
          classes=('cup', 'jar'), value=0):
    return Detections(
        boxes=np.array(boxes, np.float32).reshape(-1, 4), scores=np.array(scores, np.float32),
        labels=np.arange(len(scores)) % len(classes), classes=classes,
        image=np.full((height, width, 3), value, np.uint8), near=3,
        category_ids=dict(zip(classes, (7, 3))))


def test_rows_and_iteration():
    one = found()
    assert len(one) == 2 and one.names == ['cup', 'jar']
    first, second = one
    assert isinstance(first, Detection) and first.name == 'cup' and second.label == 1
    assert one.rows()[0] == dict(category_id=7, category_name='cup', bbox=[10, 20, 40, 20],
                                 score=0.9)
    assert one.to_coco('a')[1]['image_id'] == 'a'
    assert repr(one) == ('2 detections in an image of 80 x 60\n  cup 0.90 at 10 20 50 40\n'
                         '  jar 0.50 at 0 0 80 60')


def test_no_detections():
    none = found(boxes=(), scores=())
    assert not len(none) and none.rows() == [] and list(none) == []
    assert np.array_equal(np.asarray(none.plot()), none.image)


def test_borders_of_boxes_have_the_color_of_their_class():
    pixels = np.asarray(found(600, 800, [(100, 200, 500, 400)], [0.9]).plot())
    for y, x in ((200, 450), (400, 300), (300, 100), (300, 500)):
        assert tuple(pixels[y, x]) == (220, 20, 60)
    assert not pixels[300, 300].any()  # the picture inside is seen
    assert pixels[185:199, 100:140].any(axis=2).all()  # a label above, with a ground


@pytest.mark.parametrize('size', [(1, 1), (3, 200), (200, 3), (2000, 1500)])
def test_pictures_and_boxes_of_every_size(size):
    boxes = [(-50, -50, 5000, 5000), (0, 0, 0, 0), (1, 1, 0.5, 0.5), (np.nan, 0, 1, 1)]
    drawn = found(*size, boxes, [0.4, 0.5, 0.6, 0.7], value=255).plot()
    assert drawn.size == size[::-1] and drawn.mode == 'RGB'


def test_names_in_other_scripts_are_drawn(tmp_path):
    one = found(400, 400, [(20, 50, 200, 200)], [0.5], classes=('Größe', ))
    one.draw_to(tmp_path / 'new' / 'a.png')
    with Image.open(tmp_path / 'new' / 'a.png') as image:
        assert np.array_equal(np.asarray(image), np.asarray(one.plot()))
    assert drawing._has(drawing._font('Größe', 20), 'Größe')


def test_names_that_no_font_has(monkeypatch):
    monkeypatch.setattr(drawing, '_has', lambda font, text: text.isascii())
    assert drawing._drawable('猫', 5) == 'Mao'
    monkeypatch.setitem(sys.modules, 'anyascii', None)
    drawing._drawable.cache_clear()
    assert drawing._drawable('猫', 5) == 'class 5'
    drawing._drawable.cache_clear()


def test_the_image_is_not_changed():
    one = found()
    one.plot()
    assert not one.image.any()
