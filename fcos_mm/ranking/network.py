"""A network whose only purpose is to predict center-ness (paper, end of Sec. 4.1.2)."""
from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule
from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.structures import SampleList
from mmdet.utils import (
    ConfigType,
    InstanceList,
    OptConfigType,
    OptInstanceList,
    OptMultiConfig,
    reduce_mean,
)
from mmengine.structures import InstanceData
from torch import Tensor, nn

from fcos_mm.models.assigner import pad_ground_truth, truth_at_input_size
from fcos_mm.models.branches.centerness import centerness_target
from fcos_mm.models.detector import FCOS
from fcos_mm.models.locations import LocationGenerator, flatten_levels
from fcos_mm.models.losses import quality_loss
from fcos_mm.models.structures import Targets
from fcos_mm.registry import MODELS, TASK_UTILS


@MODELS.register_module()
class CenternessNetwork(FCOS):
    """Backbone -> neck -> :class:`CenternessHead`, trained alone on a detector's pictures.

    It detects nothing. At test it compares its center-ness with that of the ground truth at the
    positive locations, for :class:`CenternessMetric`; :class:`RankedDetector` multiplies the
    scores of a detector by it. Arguments are those of :class:`FCOS`.
    """

    def maps(self, inputs: Tensor) -> list[Tensor]:
        """Return the logits of center-ness, L maps (B, 1, H, W), of images (B, 3, H, W)."""
        maps, = self(inputs, mode='tensor')
        return maps


@MODELS.register_module()
class CenternessHead(BaseDenseHead):
    """A tower and one center-ness map a level, shared by all levels and by all classes.

    The targets are Eq. (3) at the positive locations of :class:`FCOSAssigner`, and the loss is
    that of the center-ness branch of :class:`FCOSHead`.

    Args:
        in_channels: Channels of the feature maps.
        feat_channels: Channels of the tower.
        stacked_convs: Number of convolutions in the tower; 8 are those of the two towers of FCOS.
        strides: Stride of each level.
        location_offset: ``offset`` of :class:`LocationGenerator`.
        location_spacing: ``spacing`` of :class:`LocationGenerator`.
        box_convention: ``'continuous'`` or ``'pixel'``, see :func:`pad_ground_truth`.
        conv_bias: Whether the tower's convolutions have a bias; with ``'auto'`` only if there is
            no normalisation.
        norm_cfg: Normalisation in the tower.
        assigner: Config of :class:`FCOSAssigner`.
        loss_centerness: Binary cross entropy on the logits.
        train_cfg: Unused; mmdet's detectors pass it.
        test_cfg: The same.
        init_cfg: Initialisation of the layers.
    """

    def __init__(self,
                 *,
                 in_channels: int,
                 feat_channels: int = 256,
                 stacked_convs: int = 8,
                 strides: Sequence[int] = (8, 16, 32, 64, 128),
                 location_offset: str = 'floor',
                 location_spacing: str = 'stride',
                 box_convention: str = 'continuous',
                 conv_bias: bool | str = 'auto',
                 norm_cfg: OptConfigType = dict(type='GN', num_groups=32, requires_grad=True),
                 assigner: ConfigType = dict(type='fcos_mm.FCOSAssigner'),
                 loss_centerness: ConfigType = dict(
                     type='mmdet.CrossEntropyLoss', use_sigmoid=True),
                 train_cfg: OptConfigType = None,
                 test_cfg: OptConfigType = None,
                 init_cfg: OptMultiConfig = dict(type='Normal', layer='Conv2d', std=0.01)) -> None:
        super().__init__(init_cfg=init_cfg)
        self.in_channels = in_channels
        self.box_convention = box_convention
        self.location_generator = LocationGenerator(strides, offset=location_offset,
                                                    spacing=location_spacing)
        self.assigner = TASK_UTILS.build(assigner)
        self.loss_centerness = MODELS.build(loss_centerness)
        channels = [in_channels] + [feat_channels] * stacked_convs
        self.centerness_convs = nn.Sequential(*(
            ConvModule(before, after, 3, padding=1, bias=conv_bias, norm_cfg=norm_cfg)
            for before, after in zip(channels, channels[1:])))
        self.conv_centerness = nn.Conv2d(channels[-1], 1, 3, padding=1)

    @property
    def strides(self) -> tuple[int, ...]:
        """Stride of each level."""
        return self.location_generator.strides

    def forward(self, feats: Sequence[Tensor]) -> tuple[list[Tensor]]:
        """Return logits, L maps (B, 1, H, W), of L feature maps (B, in_channels, H, W).

        Raises:
            UserError: If the number of maps differs from the number of strides.
        """
        self.location_generator.check_count(len(feats))
        return [self.conv_centerness(self.centerness_convs(feat)) for feat in feats],

    def loss_by_feat(self, maps: list[Tensor], batch_gt_instances: InstanceList,
                     batch_img_metas: list[dict],
                     batch_gt_instances_ignore: OptInstanceList = None) -> dict[str, Tensor]:
        """Return ``loss_centerness``, in float32, and ``centerness_above_floor``.

        Args:
            maps: Logits of each level, see :meth:`forward`.
            batch_gt_instances: ``bboxes`` and ``labels`` of each image.
            batch_img_metas: As for ``FCOSHead.loss_by_feat``.
            batch_gt_instances_ignore: Crowd boxes, see ``assigner.crowd``.

        Raises:
            UserError: If a map does not fit its stride.
        """
        with torch.autocast(maps[0].device.type, enabled=False):
            targets = self._targets(maps, batch_gt_instances, batch_gt_instances_ignore,
                                    batch_img_metas)
            num_pos = reduce_mean(targets.positive.float().sum()).clamp(min=1)
            return quality_loss(
                self.loss_centerness, 'centerness', flatten_levels(maps)[..., 0].float(),
                centerness_target(targets.distances), targets.positive, num_pos)

    @torch.no_grad()
    def predict(self, x: Sequence[Tensor], batch_data_samples: SampleList,
                rescale: bool = False) -> InstanceList:
        """Return ``centerness`` and ``target`` (n,) at the positive locations of each image.

        Raises:
            UserError: If an image has no ground truth.
        """
        maps, = self(x)
        metas = [sample.metainfo for sample in batch_data_samples]
        truth = [truth_at_input_size(sample) for sample in batch_data_samples]
        targets = self._targets(maps, truth, None, metas)
        centerness = flatten_levels(maps)[..., 0].float().sigmoid()  # (B, P)
        wanted = centerness_target(targets.distances)
        return [InstanceData(centerness=found[positive], target=expected[positive])
                for found, expected, positive in zip(centerness, wanted, targets.positive)]

    def _targets(self, maps: list[Tensor], gt_instances: InstanceList,
                 gt_instances_ignore: OptInstanceList, img_metas: list[dict]) -> Targets:
        sizes = [m.shape[-2:] for m in maps]
        locations = self.location_generator(sizes, maps[0].device, img_metas)
        self.location_generator.check_sizes(sizes, img_metas)
        truth = pad_ground_truth(gt_instances, gt_instances_ignore, img_metas=img_metas,
                                 box_convention=self.box_convention)
        return self.assigner.assign(locations, truth, background=0)
