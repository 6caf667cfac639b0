"""What the tests of formats and precisions share."""
import dataclasses
import functools
import tempfile
from pathlib import Path

import numpy as np
import torch

from fcos_mm.export import ExportNetwork
from fcos_mm.export.onnx import write_onnx

from .conftest import info, small_detector

SHAPE = (1, 64, 96)


def info_of(mode, precision, shape=SHAPE):
    return dataclasses.replace(info(shape=shape, mode=mode), precision=precision)


def inputs(seed=0, batch=1):
    """Smooth noise, as pictures are."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(batch, 3, 8, 12, generator=generator)
    images = torch.nn.functional.interpolate(coarse, SHAPE[1:], mode='bilinear')
    return dict(images=images.numpy(), sizes=np.float32([SHAPE[1:]] * batch))


def calibration():
    """Ten inputs."""
    return (inputs(seed) for seed in range(10))


def exported(mode, shape=SHAPE):
    """A network and its bytes as ONNX, which take long to make."""
    return _exported(mode, shape)


@functools.cache
def _exported(mode, shape):
    network = ExportNetwork(small_detector(), mode)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'model.onnx'
        write_onnx(network, path, info=info_of(mode, 'fp32', shape))
        return network, path.read_bytes()


def write_known(network, path, *, info, calibration=None):
    """A stand-in of ``write_onnx`` for networks of :func:`exported`."""
    known, content = exported(info.mode, info.shape)
    assert network is known
    Path(path).write_bytes(content)


def expected_of(network, batch):
    with torch.no_grad():
        return dict(zip(network.output_names, (
            value.numpy() for value in network(torch.from_numpy(batch['images'])))))


def error_of(got, expected):
    """The largest of the mean errors of the outputs, each as a share of the output's spread."""
    assert got.keys() == expected.keys()
    return max(float(np.abs(got[name] - value).mean() / value.std())
               for name, value in expected.items())
