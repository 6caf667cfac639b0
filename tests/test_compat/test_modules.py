"""Models inside wrappers."""
from mmdet.models import DetTTAModel
from mmengine.model import BaseModel
from torch import nn

from fcos_mm.compat.modules import inner_model


class Model(BaseModel):

    def forward(self):
        pass


def test_wrappers_for_ranks_and_for_augmentation():
    model = Model()
    augmented = DetTTAModel(module=model)
    assert inner_model(model) is inner_model(augmented) is model
    assert inner_model(nn.DataParallel(augmented)) is model
    assert inner_model(nn.DataParallel(augmented), tta=False) is augmented
