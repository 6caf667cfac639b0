"""Our FCOS under torchvision's rules, and torchvision's with the same weights."""
from collections.abc import Iterator, Mapping

import peers
from harness.vision import import_torchvision
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch import Tensor, nn

#: Where torchvision differs from mmdet's improved head.
RULES = dict(
    bbox_head=dict(
        conv_bias=True,
        location_offset='zero',
        assigner=dict(range_bounds='strict', center_sampling_radius=1.5),
        loss=dict(bbox_weight='none'),
        postprocess=dict(score='sqrt', rank_by='score', threshold_on='score')),
    backbone=dict(style='pytorch'),
    test_cfg=dict(nms_pre=1000, score_thr=0.2, nms=dict(type='nms', iou_threshold=0.6)))
#: The layers of the head that stand alone.
PREDICTORS = {
    'bbox_head.conv_cls.': 'head.classification_head.cls_logits.',
    'bbox_head.conv_reg.': 'head.regression_head.bbox_reg.',
    'bbox_head.conv_centerness.': 'head.regression_head.bbox_ctrness.',
}


def our_config() -> ConfigDict:
    """Our model under torchvision's rules, ResNet-50, without weights to load."""
    config = peers.our_config(improved=True)
    for part, changes in RULES.items():
        config[part] = _merged(config[part], changes)
    return config


def twin(ours: nn.Module, device: str, size: tuple[int, int] = (800, 1333)) -> nn.Module:
    """torchvision's FCOS, R-50, with the weights of ours.

    It takes a list of images (3, H, W) in 0..1 and normalises them with
    ImageNet's mean and deviation.

    Args:
        ours: a model built from :func:`our_config`.
        device: of the twin.
        size: short and long side to which it resizes images.

    Raises:
        NotAvailable: torchvision cannot be imported.
    """
    detection = import_torchvision().models.detection
    theirs = detection.fcos_resnet50_fpn(
        weights=None, weights_backbone=None, num_classes=ours.bbox_head.num_classes,
        min_size=size[0], max_size=size[1])
    theirs.load_state_dict(dict(renamed(ours.state_dict())), strict=True)
    return theirs.to(device)


def renamed(weights: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Yield our weights by torchvision's names; it has no scales, which must be 1."""
    for name, value in weights.items():
        if name.startswith('bbox_head.scales.'):
            assert value == 1
        else:
            yield _renamed(name), value


def _renamed(name: str) -> str:
    for ours, theirs in PREDICTORS.items():
        if name.startswith(ours):
            return name.replace(ours, theirs)
    part, _, rest = name.partition('.')
    if part == 'backbone':
        return f'backbone.body.{rest}'
    kind, index, layer, parameter = rest.split('.')
    if part == 'neck':
        if kind == 'lateral_convs':
            return f'backbone.fpn.inner_blocks.{index}.0.{parameter}'
        if int(index) < 3:
            return f'backbone.fpn.layer_blocks.{index}.0.{parameter}'
        return f'backbone.fpn.extra_blocks.p{int(index) + 3}.{parameter}'
    tower = dict(cls_convs='classification_head', reg_convs='regression_head')[kind]
    # There each convolution is followed by its normalisation and a ReLU.
    return f'head.{tower}.conv.{3 * int(index) + (layer == "gn")}.{parameter}'


def detections(outputs: list[dict[str, Tensor]]) -> list[InstanceData]:
    """torchvision's results in the form of ours."""
    return [InstanceData(bboxes=image['boxes'], scores=image['scores'], labels=image['labels'])
            for image in outputs]


def _merged(config: ConfigDict, changes: Mapping) -> ConfigDict:
    merged = ConfigDict(config)
    for key, value in changes.items():
        merged[key] = _merged(merged[key], value) if isinstance(value, Mapping) else value
    return merged
