"""torchvision's FCOS, from the picture to the detections, and its losses."""
import sys
from pathlib import Path

import cv2
import pytest
import torch
from mmdet.datasets import CocoDataset
from mmengine.structures import InstanceData
from torch import nn

from fcos_mm.apis.converting.back import convert_back
from fcos_mm.apis.detection.opening import find_network, open_network
from fcos_mm.checkpoints.convert.torchvision import COCO_ROWS, TORCHVISION
from fcos_mm.errors import UserError

SMALL = {'test_dataloader.dataset.pipeline.1.scale': (200, 130)}
COCO = tuple(CocoDataset.METAINFO['classes'])
BENCHMARKS = Path(__file__).resolve().parents[3] / 'benchmarks'


@pytest.fixture(scope='module')
def fcos():
    """A function that makes torchvision's FCOS on a ResNet for small images; a skip without it."""
    sys.path.insert(0, str(BENCHMARKS))
    try:
        from harness.case import NotAvailable
        from harness.vision import import_torchvision
    finally:
        sys.path.remove(str(BENCHMARKS))
    try:
        models = import_torchvision().models
    except NotAvailable as error:
        pytest.skip(str(error))

    def make(num_classes, depth=18):
        from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
        from torchvision.ops.feature_pyramid_network import LastLevelP6P7
        torch.manual_seed(0)
        if depth == 50:
            return lively(models.detection.fcos_resnet50_fpn(
                weights=None, weights_backbone=None, num_classes=num_classes, min_size=130,
                max_size=200))
        backbone = _resnet_fpn_extractor(
            models.resnet18(norm_layer=models.detection.fcos.misc_nn_ops.FrozenBatchNorm2d), 5,
            returned_layers=[2, 3, 4], extra_blocks=LastLevelP6P7(256, 256))
        return lively(models.detection.FCOS(backbone, num_classes, min_size=130, max_size=200))

    return make


def lively(model):
    """Weights that detect something; outputs without a class never do."""
    for name, value in model.state_dict().items():
        if 'bn' in name and name.endswith('.weight'):
            value.uniform_(0.3, 0.7)
        elif 'head' in name and value.dim() > 1:
            nn.init.normal_(value, std=0.03)
        elif 'fpn' in name and value.dim() == 1:
            nn.init.normal_(value, std=0.3)
    bias = model.head.classification_head.cls_logits.bias.data
    bias.fill_(-1.)
    unused = set(range(len(bias))) - set(COCO_ROWS) if len(bias) == 91 else {0}
    bias[list(unused)] = -30.
    model.head.regression_head.bbox_reg.bias.data.fill_(1.)
    return model.eval()


def theirs(model, picture):
    """Boxes, scores and labels; labels as ours count them."""
    image = torch.from_numpy(cv2.imread(picture)[..., ::-1].copy()).permute(2, 0, 1) / 255
    with torch.no_grad():
        found, = model([image])
    numbers = {row: place for place, row in enumerate(COCO_ROWS)}
    labels = [numbers[row] if model.head.classification_head.num_classes == 91 else row - 1
              for row in found['labels'].tolist()]
    return found['boxes'].numpy(), found['scores'].numpy(), labels


def saved(model, tmp_path, name='theirs.pth'):
    torch.save(model.state_dict(), tmp_path / name)
    return tmp_path / name


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_the_published_layout(fcos, converted, detect, picture, tmp_path, assert_same_detections):
    model = fcos(91, depth=50)
    path = saved(model, tmp_path)
    out = converted(path)
    assert_same_detections(detect(out, picture, **SMALL), theirs(model, picture), least=50)
    assert torch.load(out)['meta']['dataset_meta']['classes'] == COCO
    convert_back(str(out), str(tmp_path / 'back.pth'), 'torchvision')
    assert equal(torch.load(tmp_path / 'back.pth'), torch.load(path))
    assert not (tmp_path / 'back.py').exists()


@pytest.fixture(scope='module')
def own(fcos, tmp_path_factory, converted):
    """A detector with three classes and the background, on ResNet-18, and ours."""
    model = fcos(4)
    path = saved(model, tmp_path_factory.mktemp('own'))
    return model, path, converted(path, classes=['cup', 'jar', 'lid'])


def test_own_classes_on_another_resnet(own, detect, picture, assert_same_detections, tmp_path):
    model, path, out = own
    assert_same_detections(detect(out, picture, **SMALL), theirs(model, picture))
    convert_back(str(out), str(tmp_path / 'back.pth'), 'torchvision')
    assert equal(torch.load(tmp_path / 'back.pth'), torch.load(path))


def test_losses(own):
    """Where the background's row adds nothing, all three losses are torchvision's."""
    model, _, out = own
    network = open_network(find_network(str(out), device='cpu'), device='cpu').inferencer.model
    images = torch.randn(2, 3, 160, 224)
    boxes = [torch.tensor([(10., 20, 90, 120), (50, 40, 200, 150)]),
             torch.tensor([(5., 5, 30, 40)])]
    labels = [torch.tensor([0, 2]), torch.tensor([1])]
    from torchvision.models.detection.image_list import ImageList
    with torch.no_grad():
        features = list(model.backbone(images).values())
        anchors = model.anchor_generator(ImageList(images, [(160, 224)] * 2), features)
        expected = model.compute_loss(
            [dict(boxes=box, labels=label + 1) for box, label in zip(boxes, labels)],
            model.head(features), anchors, [level.size(2) * level.size(3) for level in features])
        found = network.bbox_head.loss_by_feat(
            *network.bbox_head(features), [InstanceData(bboxes=box, labels=label)
                                           for box, label in zip(boxes, labels)],
            [dict(img_shape=(160, 224), batch_input_shape=(160, 224))] * 2)
    for ours, name in (('loss_cls', 'classification'), ('loss_bbox', 'bbox_regression'),
                       ('loss_centerness', 'bbox_ctrness')):
        assert found[ours].item() == pytest.approx(expected[name].item(), rel=1e-4), ours


def test_names_before_torchvision_0_13(own, converted, tmp_path):
    _, path, out = own
    weights = {name.replace('_blocks.0.0.', '_blocks.0.').replace('_blocks.1.0.', '_blocks.1.'):
               value for name, value in torch.load(path).items()}
    torch.save(dict(model=weights, epoch=3), tmp_path / 'old.pth')
    again = converted(tmp_path / 'old.pth', classes=['cup', 'jar', 'lid'])
    assert equal(torch.load(again)['state_dict'], torch.load(out)['state_dict'])


def test_classes_must_be_named(own, converted):
    with pytest.raises(UserError, match='has 3 classes and no names[^$]*--classes'):
        converted(own[1])
    with pytest.raises(UserError, match='has 3 classes, and 2 names'):
        converted(own[1], classes=['cup', 'jar'])


def test_scales_that_were_learned_have_no_place_there(own, tmp_path):
    checkpoint = torch.load(own[2])
    checkpoint['state_dict']['bbox_head.scales.1.scale'] = torch.tensor(1.5)
    torch.save(checkpoint, tmp_path / 'ours.pth')
    with pytest.raises(UserError, match='scales.1.scale is 1.5: torchvision has no'):
        convert_back(str(tmp_path / 'ours.pth'), str(tmp_path / 'back.pth'), 'torchvision')
    assert not (tmp_path / 'back.pth').exists()


def test_settings_that_torchvision_does_not_have(own, tmp_path):
    options = {'model.bbox_head.postprocess.score': 'product', 'model.test_cfg.score_thr': 0.05}
    with pytest.raises(UserError) as error:
        convert_back(str(own[2]), str(tmp_path / 'back.pth'), 'torchvision', options=options)
    assert "model.bbox_head.postprocess.score='product' (there: 'sqrt')" in str(error.value)
    assert 'model.test_cfg.score_thr=0.05 (there: 0.2)' in str(error.value)


def test_rows_without_a_class_never_detect_where_nothing_is_known_of_them():
    weights = {'bbox_head.conv_cls.weight': torch.ones(80, 2, 1, 1),
               'bbox_head.conv_cls.bias': torch.arange(80.)}
    written = TORCHVISION.write(weights, {}, dict(meta=dict(dataset_meta=dict(classes=COCO))))
    bias = written.weights['head.classification_head.cls_logits.bias']
    assert bias.shape == (91, ) and bias[list(COCO_ROWS)].tolist() == list(range(80))
    # background, and the ids 12, 26, 29, 30, 45, 66, 68, 69, 71, 83 that COCO does not use
    assert (bias == -20).nonzero().flatten().tolist() == [
        0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83]
    assert written.weights['head.classification_head.cls_logits.weight'][0].abs().max() == 0


def test_coco_rows_are_the_ids_of_its_annotation_files():
    assert len(COCO_ROWS) == 80
    known = {'person': 1, 'stop sign': 13, 'backpack': 27, 'chair': 62, 'tv': 72, 'toothbrush': 90}
    assert {name: COCO_ROWS[COCO.index(name)] for name in known} == known
