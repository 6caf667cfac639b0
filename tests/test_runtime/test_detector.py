"""``Detector`` on files with known outputs."""
import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from fcos_mm.errors import UserError
from fcos_mm.runtime import Detector

# As large as the network's input, so that boxes stay where they are.
RGB = np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)
BOXES = np.array([[[1., 2, 30, 40], [5, 5, 20, 20], [40, 10, 60, 30], [0, 0, 9, 9]]], np.float32)
SCORES = np.array([[.75, .45, .25, .1]], np.float32)
LABELS = np.array([[0, 0, 1, 1]])


@pytest.fixture(scope='module')
def file(write_onnx, make_info, tmp_path_factory):
    return write_onnx(str(tmp_path_factory.mktemp('file') / 'model.onnx'), make_info(mode='nms'),
                      boxes=BOXES, scores=SCORES, labels=LABELS, count=np.array([4]))


@pytest.fixture(scope='module')
def mean(write_mean, make_info, tmp_path_factory):
    """Scores are the means of inputs that are as an image, divided by 255."""
    info = make_info(mode='nms', mean=(0., 0., 0.), std=(255., 255., 255.), pad_value=0.)
    return write_mean(str(tmp_path_factory.mktemp('mean') / 'mean.onnx'), info)


def plain(value, height=48, width=64):
    return np.full((height, width, 3), value, np.uint8)


def test_thresholds_of_the_file_and_what_just_misses_them(file):
    detector = Detector(file)
    found = detector(RGB)
    assert found.boxes.tolist() == [[1, 2, 30, 40], [40, 10, 60, 30]]
    assert found.names == ['cup', 'jar'] and found.near == 1  # 0.45 of 0.5; 0.1 is too low
    assert detector.classes == ('cup', 'jar') and detector.thresholds == (0.5, 0.25)
    assert repr(detector) == (f'Detector: {file}, fp32, mode nms\n  classes: cup, jar\n'
                              '  score threshold: 0.25 to 0.50 by class')
    assert found.to_coco(5)[1] == dict(image_id=5, category_id=3, category_name='jar',
                                       bbox=[40, 10, 20, 20], score=0.25)


def test_a_threshold_and_classes(file):
    assert len(Detector(file, score_thr=0)(RGB)) == 4
    found = Detector(file, score_thr=0.2, classes='jar')(RGB)
    assert found.names == ['jar'] and found.near == 1
    with pytest.raises(UserError, match="--classes jars: .* Did you mean 'jar'"):
        Detector(file, classes=['jars'])
    with pytest.raises(UserError, match='between 0 and 1. Did you mean 0.3'):
        Detector(file, score_thr=30)


def test_kinds_of_images(file, tmp_path):
    detector = Detector(file)
    Image.fromarray(RGB).save(tmp_path / 'a.png')
    content = (tmp_path / 'a.png').read_bytes()
    for image in (tmp_path / 'a.png', str(tmp_path / 'a.png'), content, Image.fromarray(RGB), RGB):
        found = detector(image)
        assert len(found) == 2 and np.array_equal(found.image, RGB)
    assert detector([]) == []
    with pytest.raises(UserError, match='Not an image: float'):
        detector(0.5)
    with pytest.raises(UserError, match='cannot be read as an image'):
        detector([RGB, b'nothing'])


def test_boxes_are_in_pixels_of_the_image(file):
    found = Detector(file)(np.zeros((96, 128, 3), np.uint8))
    assert found.boxes.tolist() == [[2, 4, 60, 80], [80, 20, 120, 60]]


def test_decoded(write_onnx, make_info, tmp_path):
    """Two locations of one level; the second box of a class overlaps the first too much."""
    info = make_info(mode='decoded', strides=(48, ), thresholds=(0.2, 0.2))
    boxes = np.array([[[-5., 2, 30, 40], [-4, 2, 30, 40]]], np.float32)
    scores = np.array([[[.75, 0], [.5, .25]]], np.float32)
    file = write_onnx(str(tmp_path / 'a.onnx'), info, boxes=boxes, scores=scores)
    found = Detector(file)(RGB)
    assert found.boxes.tolist() == [[0, 2, 30, 40]] * 2 and found.names == ['cup', 'jar']
    assert found.scores.tolist() == [0.75, 0.25]


def test_raw_is_for_other_post_processing(write_onnx, make_info, tmp_path):
    file = write_onnx(str(tmp_path / 'a.onnx'), make_info(mode='raw'),
                      cls_logits_0=np.zeros((1, 2, 2, 2), np.float32))
    with pytest.raises(UserError, match='--mode raw.*\n.*decoded or nms'):
        Detector(file)


@pytest.mark.parametrize('batch_size', [None, 1, 2, 5])
def test_lists_keep_their_order(mean, batch_size):
    images = [plain(10, 48, 64), plain(20, 64, 48), plain(30), plain(40, 20, 64), plain(50),
              plain(60, 64, 48), plain(70)]
    detector = Detector(mean, score_thr=0)
    alone = [detector(image).scores for image in images]
    several = detector(images, batch_size)
    assert [one.scores for one in several] == alone and len({float(one) for one in alone}) == 7
    with pytest.raises(UserError, match='batch_size=0'):
        detector(images, 0)


@pytest.mark.parametrize('shape', [(2, 64, 64), (4, 0, 0), (1, 48, 64)])
def test_files_of_a_fixed_shape(write_mean, make_info, tmp_path, shape):
    info = make_info(mode='nms', mean=(0., 0., 0.), std=(1., 1., 1.), pad_value=0., shape=shape)
    file = write_mean(str(tmp_path / 'a.onnx'), info)
    images = [plain(value) for value in (10, 20, 30)]
    detector = Detector(file, score_thr=0)
    area = 48 * 64 / (64 * 64 if shape[1] == 64 else 48 * 64)
    for batch_size in (None, 1, 3):
        found = detector(images, batch_size)
        np.testing.assert_allclose([one.scores[0] for one in found],
                                   np.array([10, 20, 30]) * area, rtol=1e-5)


def test_each_thread_gets_its_own_answers(mean):
    detector = Detector(mean, score_thr=0)
    images = [plain(value, 48 + value % 3 * 8, 64) for value in range(1, 161)]
    expected = [detector(image).scores.tolist() for image in images]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda image: detector(image).scores.tolist(), images))
    assert found == expected


def test_jpeg_bytes(file):
    content = io.BytesIO()
    Image.fromarray(RGB).save(content, 'JPEG')
    assert len(Detector(file)(content.getvalue())) == 2
