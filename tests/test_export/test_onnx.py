"""Written ONNX files on onnxruntime against the network."""
import dataclasses

import numpy as np
import onnx
import pytest
import torch

from fcos_mm.errors import UserError
from fcos_mm.export import ExportNetwork
from fcos_mm.export.onnx import write_onnx
from fcos_mm.export.verify import reference
from fcos_mm.runtime.info import KEY, ModelInfo
from fcos_mm.runtime.sessions import open_session

from .conftest import info, small_detector


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    """The network and file of mode ``nms``, dynamic, also the spacing of its locations."""
    network = ExportNetwork(small_detector(head=dict(location_spacing='input')), 'nms')
    path = tmp_path_factory.mktemp('onnx') / 'model.onnx'
    write_onnx(network, path, info=info(shape=(0, 0, 0), divisor=8))
    return network, path


def test_the_file_is_one_with_metadata_and_names(written):
    network, path = written
    assert [file.name for file in path.parent.iterdir()] == ['model.onnx']
    model = onnx.load(path)
    onnx.checker.check_model(model)
    assert {prop.key: prop.value for prop in model.metadata_props}[KEY]
    assert [one.name for one in model.graph.input] == ['images', 'sizes']
    assert [one.name for one in model.graph.output] == list(network.output_names)
    operators = [node.op_type for node in model.graph.node]
    assert operators.count('NonMaxSuppression') == 1
    assert {node.domain for node in model.graph.node} <= {'', 'ai.onnx'}
    assert open_session(path).info == info(shape=(0, 0, 0), divisor=8)


@pytest.mark.parametrize('batch, height, width', [
    (2, 96, 128), (1, 48, 48), (3, 40, 168)])
def test_any_size_and_batch(written, batch, height, width):
    network, path = written  # maps of 40 and 168 pixels: 2 and 10 cells, 20 and 16 pixels apart
    generator = np.random.default_rng(batch)
    inputs = dict(images=generator.normal(size=(batch, 3, height, width)).astype(np.float32),
                  sizes=np.array([[height - 5, width]] * batch, np.float32))
    got, expected = open_session(path).run(inputs), reference(network, inputs)
    assert got['count'].tolist() == expected['count'].tolist() and got['count'].min() > 0
    assert (got['labels'] == expected['labels']).all()
    for name, most in (('boxes', 0.01), ('scores', 1e-5)):
        assert np.abs(got[name] - expected[name]).max() < most


def test_nothing_found(written):
    network, path = written
    session = open_session(path)
    inputs = dict(images=np.full((1, 3, 48, 48), np.nan, np.float32),
                  sizes=np.float32([[48, 48]]))
    got = session.run(inputs)
    assert got['count'].tolist() == [0] and not got['scores'].any()


@pytest.mark.parametrize('mode', ['raw', 'decoded'])
def test_fixed_sizes(mode, tmp_path, images):
    network = ExportNetwork(small_detector(head=dict(postprocess=dict(
        type='fcos_mm.FCOSPostProcessor', rank_by='class_score'))), mode)
    path = tmp_path / 'model.onnx'
    write_onnx(network, path, info=info(shape=(2, 96, 128), mode=mode))
    inputs = dict(images=images[0].numpy())
    got, expected = open_session(path).run(inputs), reference(network, inputs)
    assert tuple(got) == network.output_names
    for name, value in expected.items():
        assert got[name].shape == value.shape
        assert np.abs(got[name] - value).max() < 1e-4 * max(1, np.abs(value).max())


def test_an_operator_without_a_form_in_onnx_is_named(tmp_path):
    network = ExportNetwork(small_detector(), 'raw')
    network.parts[0] = Strange(network.parts[0])
    with pytest.raises(UserError, match='histc') as error:
        write_onnx(network, tmp_path / 'a.onnx', info=info(mode='raw'))
    assert '--format torchscript' in str(error.value)
    assert not list(tmp_path.iterdir())


class Strange(torch.nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, images):
        return self.inner(images + torch.histc(images, bins=2).sum() * 0)


def test_metadata_survives(tmp_path):
    expected = dataclasses.replace(info(), classes=('Tasse', '杯', 'c"\n'))
    assert ModelInfo.from_json(expected.to_json(), 'x') == expected
