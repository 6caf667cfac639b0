"""What the tests of all sources share: a photograph, and detections by what was written."""
import cv2
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from fcos_mm.apis.converting.convert import convert_checkpoint
from fcos_mm.apis.detection.opening import find_network, open_network


@pytest.fixture(scope='session')
def picture(tmp_path_factory):
    """A JPEG file of 240 x 173 pixels with smooth, coloured noise."""
    noise = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    path = tmp_path_factory.mktemp('picture') / 'noise.jpg'
    cv2.imwrite(str(path), cv2.resize(noise, (240, 173), interpolation=cv2.INTER_CUBIC))
    return str(path)


@pytest.fixture(scope='session')
def detect():
    """A function: boxes, scores and labels of a picture by a converted checkpoint."""

    def run(checkpoint, picture, **options):
        found = find_network(str(checkpoint), options=options, device='cpu')
        network = open_network(found, device='cpu', score_thr=0.)
        detections, = network.detect([network.prepare(picture)])
        return detections.boxes, detections.scores, detections.labels

    return run


@pytest.fixture(scope='session')
def converted(tmp_path_factory):
    """A function: convert a file; the path of the result."""

    def run(path, **options):
        out = tmp_path_factory.mktemp('converted') / 'ours.pth'
        convert_checkpoint(str(path), str(out), **options)
        return out

    return run


@pytest.fixture(scope='session')
def assert_same_detections():
    """A function: ours and theirs, as boxes, scores and labels, are the same one to one."""

    def check(ours, theirs, least=20):
        boxes, scores, labels = map(np.asarray, ours)
        their_boxes, their_scores, their_labels = map(np.asarray, theirs)
        assert len(boxes) == len(their_boxes) >= least
        np.testing.assert_allclose(np.sort(scores), np.sort(their_scores), rtol=1e-4)
        far = np.abs(boxes[:, None] - their_boxes).max(-1)  # (ours, theirs) pixels
        unequal = np.abs(scores[:, None] - their_scores) / their_scores
        fits = (far < 1e-4 * 240) & (unequal < 1e-4) & (labels[:, None] == their_labels)
        # of those that fit several, each has one of its own
        assert (fits.sum(0) > 0).all() and (fits.sum(1) > 0).all()
        rows, columns = linear_sum_assignment(-fits.astype(int))
        assert fits[rows, columns].all()

    return check
