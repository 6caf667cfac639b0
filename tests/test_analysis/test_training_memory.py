"""Memory of a training step, against a detector whose tensors can be counted."""
import pytest
import torch
from mmdet.models.data_preprocessors import DetDataPreprocessor
from mmdet.models.detectors import BaseDetector
from mmengine.config import Config
from torch import nn

from fcos_mm.analysis.training_memory import training_memory
from fcos_mm.errors import UserError
from fcos_mm.registry import MODELS

SLACK = 20_000  # bytes for scalars and Python's objects
PIXELS = 3 * 96 * 128 * 4  # bytes of an image as float


@MODELS.register_module()
class ScaleDetector(BaseDetector):
    """Loss: the sum of exp(weight * image), one weight a channel, and of further weights."""

    def __init__(self, pad=1, further=1):
        super().__init__(data_preprocessor=DetDataPreprocessor(pad_size_divisor=pad))
        self.num_classes = 5
        self.weight = nn.Parameter(torch.zeros(1, 3, 1, 1))
        self.further = nn.Parameter(torch.zeros(further))
        self.seen = []

    def loss(self, batch_inputs, batch_data_samples):
        self.seen.append((tuple(batch_inputs.shape), [
            sample.gt_instances for sample in batch_data_samples]))
        return dict(loss=(batch_inputs * self.weight).exp().sum() + self.further.sum())

    def extract_feat(self, batch_inputs):
        return batch_inputs

    def _forward(self, batch_inputs, batch_data_samples=None):
        return batch_inputs

    def predict(self, batch_inputs, batch_data_samples, rescale=True):
        return batch_data_samples


def scale_detector(**options):
    return Config(dict(model=dict(type='ScaleDetector', **options)))


@pytest.mark.parametrize('batch', [1, 3])
def test_tensors_of_a_known_step(batch):
    """Three tensors of the batch's size are alive at most.

    Forward: the float images, their product with the weight, its exp; the
    product is freed. Backward: images, exp and exp's gradient; exp is freed;
    images, exp's gradient and its product with the images, whose sum is the
    weight's gradient.
    """
    memory = training_memory(scale_detector(), batch_size=batch, image_size=(96, 128))
    assert memory == pytest.approx(3 * batch * PIXELS, abs=SLACK)


def test_gradients_count_and_weights_do_not():
    """A million further weights have a gradient of 4 MB, beside two or three tensors."""
    memory = training_memory(
        scale_detector(further=1_000_000), batch_size=1, image_size=(96, 128))
    assert 4_000_000 + 2 * PIXELS < memory < 4_000_000 + 3 * PIXELS + SLACK


def test_images_are_padded_as_in_training():
    small = training_memory(scale_detector(), batch_size=1, image_size=(90, 100))
    padded = training_memory(scale_detector(pad=32), batch_size=1, image_size=(90, 100))
    assert padded - small == pytest.approx(3 * (PIXELS - 3 * 90 * 100 * 4), abs=SLACK)


def test_what_the_detector_sees(monkeypatch):
    detectors = []
    build = MODELS.build
    monkeypatch.setattr(MODELS, 'build', lambda cfg: detectors.append(build(cfg)) or detectors[-1])
    training_memory(scale_detector(), batch_size=2, image_size=(40, 60), boxes=50)
    training_memory(scale_detector(), batch_size=2, image_size=(40, 60), boxes=0, classes=2)
    shape, truth = detectors[0].seen[-1]
    assert shape == (2, 3, 40, 60)
    for instances in truth:
        boxes = instances.bboxes
        assert boxes.shape == (50, 4) and (boxes[:, :2] < boxes[:, 2:]).all()
        assert (boxes >= 0).all() and (boxes <= torch.tensor([60, 40, 60, 40])).all()
        assert set(instances.labels.tolist()) == set(range(5))
    assert [len(instances) for instances in detectors[1].seen[-1][1]] == [0, 0]
    assert all(parameter.grad is None for parameter in detectors[0].parameters())


def test_a_detector_takes_more_for_more_images(tiny_config, capfd):
    """Gradients do not grow with the batch, everything else does.

    A single image is left out: on some processors its convolutions take another way.
    """
    cfg = Config.fromfile(tiny_config)
    two, three, four = (training_memory(cfg, batch_size=count, image_size=(48, 64))
                        for count in (2, 3, 4))
    assert 100_000 < two < three < four < 2 * two
    assert four - three == pytest.approx(three - two, rel=0.15)
    assert capfd.readouterr().err == ''


RETINA = dict(
    type='RetinaNet',
    data_preprocessor=dict(type='DetDataPreprocessor', pad_size_divisor=32),
    backbone=dict(type='ResNet', depth=18, base_channels=8, style='pytorch'),
    neck=dict(type='FPN', in_channels=[8, 16, 32, 64], out_channels=16, start_level=1,
              add_extra_convs='on_output', num_outs=5),
    bbox_head=dict(
        type='RetinaHead', num_classes=2, in_channels=16, feat_channels=16, stacked_convs=1,
        anchor_generator=dict(
            type='AnchorGenerator', octave_base_scale=4, scales_per_octave=3,
            ratios=[0.5, 1.0, 2.0], strides=[8, 16, 32, 64, 128])),
    train_cfg=dict(
        assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0),
        sampler=dict(type='PseudoSampler'), allowed_border=-1, pos_weight=-1))


def test_an_anchor_based_detector(capfd):
    memory = training_memory(Config(dict(model=RETINA)), batch_size=1, image_size=(64, 96))
    assert memory > 100_000
    assert capfd.readouterr().err == ''


def test_a_detector_that_cannot_be_built():
    with pytest.raises(UserError, match='model of the config cannot be built: .*nonsense'):
        training_memory(scale_detector(nonsense=1), batch_size=1, image_size=(8, 8))
