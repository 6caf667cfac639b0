"""What a training step takes: memory and samples (paper, Table 4), of any mmdet detector."""

import torch
from mmdet.models.detectors import BaseDetector
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

from fcos_mm.analysis.peak_memory import peak_extra_memory
from fcos_mm.errors import UserError
from fcos_mm.models.head import FCOSHead
from fcos_mm.registry import MODELS


def training_memory(cfg: Config,
                    *,
                    batch_size: int,
                    image_size: tuple[int, int],
                    boxes: int = 7,
                    classes: int | None = None,
                    device: str = 'cpu') -> int:
    """The most memory that one training step takes beyond the weights.

    The step is: images to float and padded, forward, loss, backward; the
    gradients count. The optimizer is left out: its update needs little beside,
    and its state is as large as the weights and the same for all detectors.
    Pictures and boxes are random, weights as the layers are made.
    :func:`peak_extra_memory` says what is counted; the scratch memory of a
    CPU's convolutions is not, that of CUDA's is.

    Args:
        cfg: Config of any mmdet detector; only ``model`` and ``default_scope``
            matter.
        batch_size: Number of images B.
        image_size: (height, width) in pixels, before padding.
        boxes: Ground-truth boxes of each image; COCO has 7 on average.
        classes: The boxes are of this many categories; None: of all that the
            detector tells apart.
        device: ``'cpu'`` or ``'cuda'``.

    Returns:
        Bytes.

    Raises:
        UserError: If the config's detector cannot be built.
    """
    model = _detector(cfg).to(device).train()
    classes = _num_classes(model) if classes is None else classes
    data = dict(inputs=_images(batch_size, image_size),
                data_samples=_samples(batch_size, image_size, boxes, classes))

    def step() -> None:
        batch = model.data_preprocessor(data, training=True)
        loss, _ = model.parse_losses(model(**batch, mode='loss'))
        loss.backward()
        model.zero_grad(set_to_none=True)

    step()  # fills the caches
    return peak_extra_memory(step, device)


def num_samples(cfg: Config, image_size: tuple[int, int]) -> int:
    """How many samples a head classifies in one image: locations, or anchors.

    Args:
        cfg: Config of a detector with a dense head.
        image_size: (height, width) in pixels, before padding to
            ``model.data_preprocessor.pad_size_divisor``.

    Raises:
        UserError: If the head has neither locations nor anchors.
    """
    model = cfg.model
    name = 'bbox_head' if 'bbox_head' in model else 'rpn_head'
    if name not in model:
        raise UserError('model has neither a bbox_head nor an rpn_head whose samples could be '
                        'counted.\nGive the config of a one-stage detector or an RPN.')
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'fcos_mm')):
        head = MODELS.build(model[name])
    if isinstance(head, FCOSHead):
        strides, samples = head.strides, [1] * len(head.strides)
    elif hasattr(head, 'prior_generator'):
        strides, samples = head.prior_generator.strides, head.prior_generator.num_base_priors
    else:
        raise UserError(f'model.{name} is a {type(head).__name__}, which has neither locations nor '
                        'anchors.\nGive the config of a dense detector.')
    divisor = model.get('data_preprocessor', {}).get('pad_size_divisor', 1)
    height, width = (_over(side, divisor) * divisor for side in image_size)
    cells = [_over(height, y) * _over(width, x) for x, y in map(_pair, strides)]
    return sum(count * each for count, each in zip(cells, samples))


def _over(length: int, part: int) -> int:
    """How many parts cover a length."""
    return -(-length // part)


def _pair(stride) -> tuple[int, int]:
    """A stride along x and along y; mmdet's generators have both."""
    return stride if isinstance(stride, tuple) else (stride, stride)


def _detector(cfg: Config) -> BaseDetector:
    """Build the detector, its weights as they come."""
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'fcos_mm')):
        try:
            return MODELS.build(cfg.model)
        except (KeyError, TypeError, ValueError, AssertionError) as error:
            raise UserError(f'The detector of {cfg.filename} cannot be built: {error}\n'
                            'Check model in the config.') from error


def _num_classes(model: BaseDetector) -> int:
    """How many categories the detector tells apart; of an RPN before another head not its one."""
    return max(part.num_classes for part in model.modules() if hasattr(part, 'num_classes'))


def _images(batch_size: int, image_size: tuple[int, int]) -> list[torch.Tensor]:
    """Random pictures (3, height, width), uint8."""
    random = torch.Generator().manual_seed(0)
    return [torch.randint(0, 256, (3, *image_size), generator=random, dtype=torch.uint8)
            for _ in range(batch_size)]


def _samples(batch_size: int, image_size: tuple[int, int], boxes: int,
             classes: int) -> list[DetDataSample]:
    """Ground truth of each image: random boxes inside it, of random categories."""
    random = torch.Generator().manual_seed(0)
    height, width = image_size
    samples = []
    for _ in range(batch_size):
        corners = torch.rand(boxes, 2, 2, generator=random) * torch.tensor([width, height])
        corners = corners.sort(dim=1).values  # (boxes, 2, 2): near and far corner
        labels = torch.randint(0, classes, (boxes, ), generator=random)
        sample = DetDataSample(
            metainfo=dict(img_shape=image_size, ori_shape=image_size, scale_factor=(1., 1.)),
            gt_instances=InstanceData(bboxes=corners.flatten(1), labels=labels),
            ignored_instances=InstanceData(bboxes=torch.zeros(0, 4), labels=labels[:0]))
        samples.append(sample)
    return samples
