"""Swin's attention in windows for any size: the same numbers as mmdet's."""
import numpy as np
import onnxruntime
import pytest
import torch
from mmdet.models.backbones.swin import ShiftWindowMSA
from mmdet.models.layers import PatchMerging
from torch import nn
from torch.export import Dim

from fcos_mm.export import ExportNetwork
from fcos_mm.export.windows import SizedWindowMSA, use_sized_windows

from .conftest import detector

SWIN = dict(
    type='mmdet.SwinTransformer', embed_dims=4, depths=(2, 1), num_heads=(1, 2), window_size=3,
    patch_size=8, strides=(8, 2), out_indices=(0, 1), drop_path_rate=0., init_cfg=None)


def attention(side, shift):
    torch.manual_seed(0)
    found = ShiftWindowMSA(4, 2, side, shift).eval()
    nn.init.normal_(found.w_msa.relative_position_bias_table)
    return found


@torch.no_grad()
@pytest.mark.parametrize('side, shift', [(3, 0), (3, 1), (7, 3), (4, 2)])
def test_the_same_numbers(side, shift):
    theirs = attention(side, shift)
    ours = SizedWindowMSA(theirs)
    for batch, height, width in ((1, 5, 7), (2, 7, 7), (3, 1, 9), (2, 14, 21), (1, 2, 2)):
        query = torch.randn(batch, height * width, 4)
        assert torch.allclose(ours(query, (height, width)), theirs(query, (height, width)),
                              atol=1e-6)


@torch.no_grad()
def test_all_of_a_backbone_are_replaced():
    trained = detector(backbone=SWIN)
    network = ExportNetwork(trained, 'raw')
    assert not any(isinstance(one, ShiftWindowMSA) for one in network.modules())
    images = torch.randn(2, 3, 48, 80)
    expected = trained.bbox_head(trained.neck(trained.backbone(images)))
    for ours, theirs in zip(network.network_outputs(images), expected, strict=True):
        assert all(torch.allclose(*pair, rtol=1e-4, atol=1e-4) for pair in zip(ours, theirs))


class Stage(nn.Module):
    """A shifted attention and the step to the next stage."""

    def __init__(self):
        super().__init__()
        self.attention, self.merging = attention(3, 1), PatchMerging(4, 8).eval()

    def forward(self, maps):
        tokens = self.attention(maps.flatten(2).transpose(1, 2), maps.shape[2:])
        return self.merging(tokens, maps.shape[2:])[0]


@torch.no_grad()
def test_a_file_for_any_size(tmp_path):
    """Also for another batch size, and with padding where the example has none."""
    stage, path = Stage().eval(), tmp_path / 'model.onnx'
    inputs = [torch.randn(batch, 4, height, width) for batch, height, width in (
        (1, 6, 6), (3, 2, 10), (2, 4, 8), (1, 12, 2))]
    expected = [stage(one) for one in inputs]
    use_sized_windows(stage)
    sizes = {0: Dim('batch'), 2: 2 * Dim('rows'), 3: 2 * Dim('columns')}
    torch.onnx.export(stage, (torch.zeros(2, 4, 6, 12), ), dynamo=True, dynamic_shapes=dict(
        maps=sizes), verbose=False).save(path)
    session = onnxruntime.InferenceSession(path)
    for one, value in zip(inputs, expected):
        got, = session.run(None, dict(maps=one.numpy()))
        assert np.abs(got - value.numpy()).max() < 1e-5
