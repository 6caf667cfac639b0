"""Memory of a training step of any mmdet detector (paper, Table 4)."""
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.structures import InstanceData

from fcos_mm.analysis.heads import build_part
from fcos_mm.analysis.peak_memory import peak_extra_memory


def training_memory(cfg: Config, *, batch_size: int, image_size: tuple[int, int], boxes: int = 7,
                    classes: int | None = None, device: str = 'cpu') -> int:
    """Measure the peak memory of one training step, in bytes beyond the weights.

    The step converts the images to float, pads them, and runs forward, loss and backward;
    gradients count. The optimizer is left out: its update needs little more memory, and its state
    is as large as the weights and the same for all detectors. Images and boxes are random, and
    the weights are as initialised by the layers. See :mod:`fcos_mm.analysis.peak_memory` for what
    is counted.

    Args:
        cfg: Config of any mmdet detector; only ``model`` and ``default_scope`` matter.
        batch_size: Number of images.
        image_size: (height, width) in pixels, before padding.
        boxes: Ground-truth boxes of each image; COCO has 7 on average.
        classes: Number of categories of the boxes; None: as many as the detector has.
        device: ``'cpu'`` or ``'cuda'``.

    Raises:
        UserError: If the config's detector cannot be built.
    """
    model = build_part(cfg, 'model', cfg.model).to(device).train()
    if classes is None:  # the most, since an RPN before another head has just one
        classes = max(part.num_classes for part in model.modules() if hasattr(part, 'num_classes'))
    random = torch.Generator().manual_seed(0)
    images = [torch.randint(0, 256, (3, *image_size), generator=random, dtype=torch.uint8)
              for _ in range(batch_size)]
    data = dict(inputs=images, data_samples=_samples(batch_size, image_size, boxes, classes))

    def step() -> None:
        batch = model.data_preprocessor(data, training=True)
        loss, _ = model.parse_losses(model(**batch, mode='loss'))
        loss.backward()
        model.zero_grad(set_to_none=True)

    step()  # fills the caches
    return peak_extra_memory(step, device)


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
        samples.append(DetDataSample(
            metainfo=dict(img_shape=image_size, ori_shape=image_size, scale_factor=(1., 1.)),
            gt_instances=InstanceData(bboxes=corners.flatten(1), labels=labels),
            ignored_instances=InstanceData(bboxes=torch.zeros(0, 4), labels=labels[:0])))
    return samples
