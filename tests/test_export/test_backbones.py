"""Kinds of layers, each in a very small detector, through ONNX."""
import numpy as np
import pytest
import torch

from fcos_mm.export import ExportNetwork
from fcos_mm.export.onnx import write_onnx
from fcos_mm.export.verify import reference
from fcos_mm.runtime.sessions import open_session

from .conftest import detector, info, small_detector

RT_HEAD = dict(shared_convs=1, stacked_convs=0, norm_per_level=True, scale=False,
               norm_cfg=dict(_delete_=True, type='BN'))
DLA = dict(type='fcos_mm.DLA', base_channels=1, out_indices=(1, 2), init_cfg=None)
BIFPN = dict(_delete_=True, type='fcos_mm.BiFPN', out_channels=8, num_outs=2, num_repeats=1)
KINDS = {
    'deformable': lambda: small_detector(head=dict(dcn_on_last_conv=True)),
    'trees, weighted fusion, norms of each level': lambda: detector(
        backbone=DLA, neck=BIFPN, head=RT_HEAD),
}


@torch.no_grad()
@pytest.mark.parametrize('kind', KINDS)
def test_exports(kind, tmp_path):
    network = ExportNetwork(KINDS[kind](), 'raw')
    path = tmp_path / 'model.onnx'
    write_onnx(network, path, info=info(shape=(1, 64, 80), mode='raw'))
    inputs = dict(images=np.random.default_rng(0).normal(size=(1, 3, 64, 80)).astype(np.float32))
    got, expected = open_session(path).run(inputs), reference(network, inputs)
    for name, value in expected.items():
        assert np.abs(got[name] - value).max() < 1e-3 * max(1, np.abs(value).max())
