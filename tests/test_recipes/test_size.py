"""The size of the input."""
import numpy as np
import pytest

from fcos_mm.recipes.boxes import Boxes
from fcos_mm.recipes.machine import Machine
from fcos_mm.recipes.size import fit_size

ASSIGNER = dict(center_sampling_radius=1.5)
CPU = Machine('cpu', 'CPU', 4, 2**33)
GPU = Machine('cuda', 'GPU', 4, 2**33)


def boxes(side, size=(640, 480), count=200, seed=0):
    """Squares of one side anywhere in images of one size."""
    random = np.random.default_rng(seed)
    corner = random.uniform(0, np.array(size) - side, (count, 2))
    return Boxes(np.array([size]), np.zeros(count, int),
                 np.hstack([corner, corner + side]).astype(np.float32), np.full(count, 1 / count))


@pytest.mark.parametrize('side, longer', [(200, 128), (64, 160), (32, 320)])
def test_small_boxes_keep_their_locations(side, longer):
    # A square of 16 pixels has 2 x 2 locations of stride 8 wherever it lies. At 640 pixels 64 are
    # 16 at 160, and 32 are 16 at 320.
    assert fit_size(boxes(side), CPU, ASSIGNER).size[0] == longer


def test_sides_are_multiples_of_32_and_no_larger_than_the_pictures():
    found = fit_size(boxes(6, size=(500, 333)), GPU, ASSIGNER)
    assert found.size == (480, 320)


def test_a_cpu_has_a_limit():
    few_cores = CPU._replace(cores=1)
    width, height = fit_size(boxes(8), few_cores, ASSIGNER).size
    assert (width, height) == (320, 256)  # 352 x 288 are above 100,000 pixels


def test_a_gpu_is_given_a_larger_input():
    assert fit_size(boxes(64), GPU, ASSIGNER).size > fit_size(boxes(64), CPU, ASSIGNER).size


def test_stride_4_only_where_small_boxes_need_it():
    assert fit_size(boxes(6), CPU, ASSIGNER).fit.levels[0] == 2
    assert fit_size(boxes(12), CPU, ASSIGNER).fit.levels[0] == 3


def test_a_given_size_is_taken():
    found = fit_size(boxes(64), CPU, ASSIGNER, size=(96, 96))
    assert (found.size, found.reason) == ((96, 96), 'given')
