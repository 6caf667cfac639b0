"""The files of a run."""
import csv
import json

import cv2
import numpy as np
import pytest

from fcos_mm.detection.detections_file import OutputError
from fcos_mm.detection.outputs import Outputs, Place
from fcos_mm.runtime.detections import Detections

IMAGE = np.random.default_rng(0).integers(0, 255, (48, 64, 3)).astype(np.uint8)
CLASSES = ('cup', 'a/b: "c"')


def found(*boxes):
    number = len(boxes)
    return Detections(
        boxes=np.array(boxes, np.float32).reshape(-1, 4), scores=np.full(number, 0.5, np.float32),
        labels=np.arange(number) % 2, classes=CLASSES, image=IMAGE, near=0,
        category_ids={name: number for number, name in enumerate(CLASSES, start=7)})


def test_crops_are_the_pixels_of_the_boxes(tmp_path):
    """All pixels that a box touches; a box outside the image has none."""
    with Outputs(out_dir=str(tmp_path), draw=False, crops=True) as outputs:
        outputs.add(Place(path='x', name='in/x.png'), found((9.6, 4, 20.2, 30), (-5, 40, 70, 60),
                                                            (70, 4, 80, 9)))
    crops = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob('*.png'))
    assert crops == ['crops/a_b_ _c_/in_x.png_2.png', 'crops/cup/in_x.png_1.png']
    second, first = (cv2.imread(str(tmp_path / name))[..., ::-1] for name in crops)
    assert np.array_equal(first, IMAGE[4:30, 9:21]) and np.array_equal(second, IMAGE[40:])


def test_rows_of_images_and_frames(tmp_path):
    json_file = tmp_path / 'found.json'
    with Outputs(out_dir=str(tmp_path), json_file=str(json_file), draw=False,
                 table=True) as outputs:
        outputs.add(Place(path='x', name='x.png'), found((1, 2, 3.456, 8)))
        outputs.add(Place(path='y', name='y.mp4', frame=4, rate=5.), found((1, 2, 3, 8)))
        assert outputs.count == 2
    assert json.loads(json_file.read_text()) == [
        dict(file_name='x.png', category_id=7, category_name='cup', bbox=[1, 2, 2.46, 6],
             score=0.5),
        dict(file_name='y.mp4', frame=4, category_id=7, category_name='cup', bbox=[1, 2, 2, 6],
             score=0.5)]
    assert list(csv.reader((tmp_path / 'detections.csv').open()))[1:] == [
        ['x.png', '', 'cup', '0.50000', '1.00', '2.00', '3.46', '8.00'],
        ['y.mp4', '4', 'cup', '0.50000', '1.00', '2.00', '3.00', '8.00']]


def test_a_drawn_video_ends_with_the_next_one(tmp_path):
    with Outputs(out_dir=str(tmp_path)) as outputs:
        for name, frames in (('a.mp4', 3), ('b.avi', 2)):
            for frame in range(frames):
                outputs.add(Place(path=name, name=name, frame=frame, rate=5.), found())
    for name, frames in (('a.mp4', 3), ('b.avi.mp4', 2)):
        video = cv2.VideoCapture(str(tmp_path / 'vis' / name))
        assert video.get(cv2.CAP_PROP_FRAME_COUNT) == frames


@pytest.mark.parametrize('kind, blocked', [
    ('draw', 'vis'), ('crops', 'crops'), ('table', 'detections.csv')])
def test_what_cannot_be_written(tmp_path, kind, blocked):
    """A file is where the folder should be, or a folder where the file should be."""
    if kind == 'table':
        (tmp_path / blocked).mkdir()
    else:
        (tmp_path / blocked).touch()
    with pytest.raises(OutputError, match=f'{blocked}.* cannot be written'):
        with Outputs(out_dir=str(tmp_path), **{'draw': False, kind: True}) as outputs:
            outputs.add(Place(path='x', name='x.png'), found((1, 2, 30, 8)))
    json.loads((tmp_path / 'detections.json').read_text())
