"""mmdet's region proposal head with a normalisation."""
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope

from fcos_mm.registry import MODELS

ANCHORS = dict(type='AnchorGenerator', scales=[8], ratios=[0.5, 1.0, 2.0], strides=[4, 8])
CODER = dict(type='DeltaXYWHBBoxCoder')


def head(kind, **more):
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        return MODELS.build(dict(
            type=kind, in_channels=8, feat_channels=8, anchor_generator=ANCHORS, bbox_coder=CODER,
            **more))


def test_the_norm_stands_between_convolution_and_relu():
    ours = head('NormedRPNHead', norm_cfg=dict(type='GN', num_groups=2))
    x = torch.randn(2, 8, 6, 5)
    scores, deltas = ours.forward_single(x)
    hidden = F.relu(F.group_norm(ours.rpn_conv(x), 2))  # a new GN scales by 1 and adds 0
    assert torch.allclose(scores, ours.rpn_cls(hidden)) and scores.shape == (2, 3, 6, 5)
    assert torch.allclose(deltas, ours.rpn_reg(hidden)) and deltas.shape == (2, 12, 6, 5)


def test_without_what_the_norm_does_it_is_mmdets():
    ours, theirs = head('NormedRPNHead', norm_cfg=dict(type='GN', num_groups=2)), head('RPNHead')
    missing = ours.load_state_dict(theirs.state_dict(), strict=False)
    assert missing.missing_keys == ['rpn_norm.weight', 'rpn_norm.bias']
    ours.rpn_norm = torch.nn.Identity()
    x = torch.randn(1, 8, 4, 4)
    for one, other in zip(ours.forward_single(x), theirs.forward_single(x)):
        assert torch.equal(one, other)
