"""TorchScript files against the network."""
import dataclasses

import numpy as np
import pytest
import torch

from fcos_mm.errors import UserError
from fcos_mm.export import ExportNetwork
from fcos_mm.export.formats import FORMATS
from fcos_mm.runtime.sessions import open_session

from .conftest import detector, small_detector
from .fewer_bits import error_of, expected_of, info_of, inputs


@pytest.mark.parametrize('mode, precision, limit', [
    ('raw', 'fp32', 1e-5), ('decoded', 'fp32', 1e-5), ('raw', 'bf16', 0.05)])
def test_same_as_the_network(mode, precision, limit, tmp_path):
    network, info = ExportNetwork(small_detector(), mode), info_of(mode, precision)
    FORMATS['torchscript'].write(network, tmp_path / 'model.torchscript', info=info)
    assert [one.name for one in tmp_path.iterdir()] == ['model.torchscript']
    session = open_session(tmp_path / 'model.torchscript')
    assert session.info == info
    batch = inputs(3)
    got = session.run(batch)
    assert {value.dtype for value in got.values()} == {np.dtype(np.float32)}
    error = error_of(got, expected_of(network, batch))
    assert error < limit and (error > 0 or precision == 'fp32')


def test_residual_blocks(tmp_path):
    network, info = ExportNetwork(detector(), 'raw'), info_of('raw', 'fp32')
    FORMATS['torchscript'].write(network, tmp_path / 'model.torchscript', info=info)
    batch = inputs(3)
    got = open_session(tmp_path / 'model.torchscript').run(batch)
    assert error_of(got, expected_of(network, batch)) < 1e-5


@pytest.mark.parametrize('mode', ['raw', 'decoded'])
def test_any_size_and_batch(mode, tmp_path):
    network = ExportNetwork(small_detector(head=dict(location_spacing='input')), mode)
    info = info_of(mode, 'fp32', (0, 0, 0))
    FORMATS['torchscript'].write(network, tmp_path / 'model.torchscript', info=info)
    session = open_session(tmp_path / 'model.torchscript')
    for batch, height, width in ((1, 32, 32), (3, 40, 72), (1, 96, 160)):
        images = torch.randn(batch, 3, height, width).numpy()
        expected = expected_of(network, dict(images=images))
        assert error_of(session.run(dict(images=images)), expected) < 1e-5


def test_a_size_that_the_trace_holds_fast_is_refused(tmp_path):
    class Fixed(ExportNetwork):

        def forward(self, images):
            boxes, scores = super().forward(images)
            return boxes + int(images.shape[3]), scores

    network = Fixed(small_detector(), 'decoded')
    with pytest.raises(UserError, match='dynamic sizes') as error:
        FORMATS['torchscript'].write(network, tmp_path / 'model.torchscript',
                                     info=info_of('decoded', 'fp32', (0, 0, 0)))
    assert '--size' in str(error.value) and list(tmp_path.iterdir()) == []
    fixed = dataclasses.replace(info_of('decoded', 'fp32'))
    FORMATS['torchscript'].write(network, tmp_path / 'model.torchscript', info=fixed)


def test_no_nms(tmp_path):
    with pytest.raises(UserError, match='--mode nms'):
        FORMATS['torchscript'].write(ExportNetwork(small_detector(), 'nms'),
                                     tmp_path / 'model.torchscript', info=info_of('nms', 'fp32'))
    assert list(tmp_path.iterdir()) == []
