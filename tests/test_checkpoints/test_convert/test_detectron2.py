"""detectron2's checkpoints: the same maps, detections and losses as its own code."""
import fcos_mm  # noqa: F401  isort: skip

import pytest
import torch

from fcos_mm.checkpoints.convert.adelaidet import ADELAIDET
from fcos_mm.checkpoints.convert.detectron2 import DETECTRON2
from fcos_mm.errors import UserError
from tests.test_checkpoints.test_convert.detectron2_layout import detectron2, resnet
from tests.test_checkpoints.test_convert.golden_chain import (
    Chain,
    check_complete,
    golden,
    on_meta,
)
from tests.test_checkpoints.test_convert.seeded_weights import seeded

NAMES = dict(loss_cls='loss_fcos_cls', loss_bbox='loss_fcos_loc', loss_centerness='loss_fcos_ctr')


def r50():
    return detectron2(resnet(width=8, stem=8, res2=32), (64, 128, 256), channels=64, classes=5)


def test_picture_to_detections_and_losses_are_those_of_its_code():
    chain = Chain(DETECTRON2.read(seeded(r50()), {}, None))
    expected = golden('detectron2/r50')
    chain.check(expected)
    losses = {NAMES[kind]: value.item() for kind, value in chain.losses().items()
              if kind in NAMES}
    assert losses == {kind: pytest.approx(float(value), rel=1e-4)
                      for kind, value in expected.items() if kind.startswith('loss')}


@pytest.mark.parametrize('backbone', [dict(), dict(depth=101), dict(depth=101, groups=32, width=8)])
def test_detectors_of_its_models_are_converted_whole(backbone):
    weights = on_meta(detectron2(resnet(**backbone)))
    assert DETECTRON2.recognise(weights) and not ADELAIDET.recognise(weights)
    check_complete(DETECTRON2.read(weights, {}, None))


def test_buffers_of_older_versions_are_left_out():
    weights = on_meta(r50())
    more = dict(pixel_mean=torch.zeros(3, 1, 1), pixel_std=torch.ones(3, 1, 1),
                **{'anchor_generator.cell_anchors.0': torch.zeros(1, 4)})
    assert set(DETECTRON2.read({**weights, **more}, {}, None).weights) == set(
        DETECTRON2.read(weights, {}, None).weights)


@pytest.mark.parametrize('change, message', [
    (lambda w: {**w, 'mask_head.weight': torch.zeros(1)}, 'mask_head'),
    (lambda w: {name: value for name, value in w.items() if 'top_block' not in name}, '3 levels'),
    (lambda w: {name: value for name, value in w.items() if 'cls_subnet.9' not in name},
     'unknown|alike'),
    (lambda w: {name: value for name, value in w.items() if 'res5' not in name}, 'blocks'),
])
def test_what_is_no_such_detector_is_refused(change, message):
    with pytest.raises(UserError, match=message):
        DETECTRON2.read(change(on_meta(r50())), {}, None)
