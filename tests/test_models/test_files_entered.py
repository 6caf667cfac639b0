"""How many files of ``models/`` one image passes."""
import sys
from pathlib import Path

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config, ConfigDict
from mmengine.structures import InstanceData

from fcos_mm import models
from fcos_mm.registry import MODELS

MODELS_FOLDER = Path(models.__file__).parent
PRESET = Path(__file__).parents[2] / 'configs/_base_/models/fcos_paper.py'
TO_LOSS = {'head.py', 'locations.py', 'assigner.py', 'windows.py', 'losses.py',
           'branches/centerness.py'}
TO_DETECTIONS = {'head.py', 'locations.py', 'branches/centerness.py', 'postprocess.py',
                 'structures.py'}


def files_entered(function, *args):
    """The files of ``models/`` of which a function is called meanwhile."""
    entered = set()

    def watch(frame, event, _):
        path = Path(frame.f_code.co_filename)
        if event == 'call' and MODELS_FOLDER in path.parents:
            entered.add(path.relative_to(MODELS_FOLDER).as_posix())

    sys.setprofile(watch)
    try:
        function(*args)
    finally:
        sys.setprofile(None)
    return entered


@pytest.fixture
def head_and_image():
    torch.manual_seed(0)
    cfg = Config.fromfile(PRESET).model
    head = MODELS.build(ConfigDict(
        cfg.bbox_head, in_channels=32, feat_channels=32, test_cfg=cfg.test_cfg,
        loss=dict(cfg.bbox_head.loss, loss_centerness=dict(
            type='mmdet.CrossEntropyLoss', use_sigmoid=True))))
    head.conv_cls.bias.data.fill_(2.)
    feats = [torch.randn(1, 32, 256 // s, 256 // s) for s in head.strides]
    sample = DetDataSample(metainfo=dict(
        img_shape=(256, 256), ori_shape=(128, 128), scale_factor=(2., 2.),
        batch_input_shape=(256, 256)))
    sample.gt_instances = InstanceData(
        bboxes=torch.tensor([[10., 10, 60, 70]]), labels=torch.tensor([3]))
    sample.ignored_instances = InstanceData(bboxes=torch.zeros(0, 4))
    return head, feats, [sample]


def test_six_files_to_the_loss(head_and_image):
    head, *batch = head_and_image
    assert files_entered(head.loss, *batch) == TO_LOSS


def test_five_files_to_detections(head_and_image):
    head, *batch = head_and_image
    assert files_entered(head.predict, *batch, True) == TO_DETECTIONS
