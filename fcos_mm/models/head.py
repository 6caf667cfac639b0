"""The FCOS head: the network of Fig. 2 right of the feature pyramid, and its parts."""
from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule, Scale
from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.structures import SampleList
from mmdet.utils import ConfigType, InstanceList, OptConfigType, OptInstanceList, OptMultiConfig
from mmengine.structures import InstanceData
from torch import Tensor, nn

from fcos_mm.models.assigner import Targets
from fcos_mm.models.centerness import ORACLES
from fcos_mm.models.ground_truth import BOX_CONVENTIONS, pad_ground_truth, scale_factors
from fcos_mm.models.level_sizes import check_level_count, check_level_sizes
from fcos_mm.models.locations import LocationGenerator, Locations
from fcos_mm.models.predictions import Predictions, flatten_levels
from fcos_mm.registry import MODELS, TASK_UTILS

#: Prediction layers start so that every class score is 0.01 (RetinaNet's prior).
INIT = dict(
    type='Normal',
    layer='Conv2d',
    std=0.01,
    override=dict(type='Normal', name='conv_cls', std=0.01, bias_prob=0.01))


@MODELS.register_module()
class FCOSHead(BaseDenseHead):
    """Towers shared over the levels, three predictors, a scale for each level.

    The head owns the layers (parameter names are those of mmdet's ``FCOSHead``)
    and hands assignment, losses and post-processing to its parts.

    Args:
        num_classes: C, without background.
        in_channels: Channels of the feature maps.
        feat_channels: Channels of the towers.
        stacked_convs: Convolutions in each of the two towers.
        strides: Stride of each level.
        location_offset: Where a location lies in its cell, see
            :class:`LocationGenerator`.
        regression: ``'exp'``, distances are exp(s_i x) pixels (the paper), or
            ``'relu'``, relu(s_i x) strides (released improvement).
        box_convention: ``'continuous'`` or ``'pixel'``, see
            :func:`pad_ground_truth`.
        dcn_on_last_conv: Last convolution of each tower deformable (v2).
        conv_bias: Whether the towers' convolutions have a bias; ``'auto'``,
            only without normalisation (mmdet).
        norm_cfg: Normalisation in the towers.
        centerness: Config of :class:`Centerness`.
        assigner: Config of :class:`FCOSAssigner`.
        loss: Config of :class:`FCOSLoss`.
        postprocess: Config of :class:`FCOSPostProcessor`.
        train_cfg: Not used; accepted because mmdet's detectors pass it.
        test_cfg: ``score_thr``, ``nms_pre`` (a level), ``nms``,
            ``max_per_img``, ``min_bbox_size``.
        init_cfg: Initialisation of the layers.

    Raises:
        ValueError: If an option is unknown or a number not possible.
    """

    def __init__(self,
                 *,
                 num_classes: int,
                 in_channels: int,
                 feat_channels: int = 256,
                 stacked_convs: int = 4,
                 strides: Sequence[int] = (8, 16, 32, 64, 128),
                 location_offset: str = 'floor',
                 regression: str = 'exp',
                 box_convention: str = 'continuous',
                 dcn_on_last_conv: bool = False,
                 conv_bias: bool | str = 'auto',
                 norm_cfg: OptConfigType = dict(type='GN', num_groups=32, requires_grad=True),
                 centerness: ConfigType = dict(type='fcos_mm.Centerness'),
                 assigner: ConfigType = dict(type='fcos_mm.FCOSAssigner'),
                 loss: ConfigType = dict(type='fcos_mm.FCOSLoss'),
                 postprocess: ConfigType = dict(type='fcos_mm.FCOSPostProcessor'),
                 train_cfg: OptConfigType = None,
                 test_cfg: OptConfigType = None,
                 init_cfg: OptMultiConfig = INIT) -> None:
        super().__init__(init_cfg=init_cfg)
        if regression not in ('exp', 'relu'):
            raise ValueError(f"regression must be 'exp' or 'relu', got {regression!r}")
        for name, value, least in (('num_classes', num_classes, 1), ('in_channels', in_channels, 1),
                                   ('feat_channels', feat_channels, 1),
                                   ('stacked_convs', stacked_convs, 0)):
            if not isinstance(value, int) or value < least:
                raise ValueError(f'{name} must be an integer from {least} on, got {value!r}')
        if box_convention not in BOX_CONVENTIONS:
            raise ValueError(f'box_convention must be one of {sorted(BOX_CONVENTIONS)}, '
                             f'got {box_convention!r}')
        if conv_bias not in (True, False, 'auto'):
            raise ValueError(f"conv_bias must be True, False or 'auto', got {conv_bias!r}")
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.feat_channels = feat_channels
        self.stacked_convs = stacked_convs
        self.regression = regression
        self.box_convention = box_convention
        self.dcn_on_last_conv = dcn_on_last_conv
        self.conv_bias = conv_bias
        self.norm_cfg = norm_cfg
        self.train_cfg = train_cfg
        self.test_cfg = test_cfg
        self.location_generator = LocationGenerator(strides, offset=location_offset)
        self.centerness = TASK_UTILS.build(centerness)
        self.assigner = TASK_UTILS.build(assigner)
        self.criterion = MODELS.build(loss)
        self.postprocess = TASK_UTILS.build(postprocess)
        self._init_layers()

    @property
    def strides(self) -> tuple[int, ...]:
        """Stride of each level."""
        return self.location_generator.strides

    def _init_layers(self) -> None:
        self.cls_convs = self._tower(self.in_channels, self.stacked_convs, self.dcn_on_last_conv)
        self.reg_convs = self._tower(self.in_channels, self.stacked_convs, self.dcn_on_last_conv)
        self.conv_cls = nn.Conv2d(self.feat_channels, self.num_classes, 3, padding=1)
        self.conv_reg = nn.Conv2d(self.feat_channels, 4, 3, padding=1)
        if self.centerness.branch:
            self.centerness_convs = self._tower(self.feat_channels, self.centerness.num_convs)
            self.conv_centerness = nn.Conv2d(self.feat_channels, 1, 3, padding=1)
        self.scales = nn.ModuleList(Scale(1.0) for _ in self.strides)

    def _tower(self, in_channels: int, num_convs: int, dcn_on_last: bool = False) -> nn.ModuleList:
        return nn.ModuleList(
            ConvModule(
                in_channels if i == 0 else self.feat_channels,
                self.feat_channels,
                3,
                padding=1,
                conv_cfg=dict(type='DCNv2') if dcn_on_last and i == num_convs - 1 else None,
                norm_cfg=self.norm_cfg,
                bias=self.conv_bias) for i in range(num_convs))

    def forward(self, feats: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Apply the head to every level.

        Args:
            feats: L feature maps (B, in_channels, H, W).

        Returns:
            Lists over the levels: class logits (B, C, H, W); distances
            (B, 4, H, W) in pixels under ``'exp'``, in strides under ``'relu'``;
            center-ness logits (B, 1, H, W), None without the branch.

        Raises:
            UserError: If the number of maps is not the number of strides.
        """
        check_level_count(len(feats), self.strides)
        levels = [self._forward_level(feat, scale) for feat, scale in zip(feats, self.scales)]
        return tuple(list(outputs) for outputs in zip(*levels))

    def _forward_level(self, feat: Tensor, scale: Scale) -> tuple[Tensor, Tensor, Tensor | None]:
        cls_feat, reg_feat = feat, feat
        for conv in self.cls_convs:
            cls_feat = conv(cls_feat)
        for conv in self.reg_convs:
            reg_feat = conv(reg_feat)
        scaled = scale(self.conv_reg(reg_feat)).float()  # exp overflows in half precision
        distances = scaled.exp() if self.regression == 'exp' else scaled.relu()
        centerness = None
        if self.centerness.branch:
            centerness = cls_feat if self.centerness.position == 'cls' else reg_feat
            for conv in self.centerness_convs:
                centerness = conv(centerness)
            centerness = self.conv_centerness(centerness)
        return self.conv_cls(cls_feat), distances, centerness

    def loss_by_feat(
            self,
            cls_scores: list[Tensor],
            bbox_preds: list[Tensor],
            centernesses: list[Tensor],
            batch_gt_instances: InstanceList,
            batch_img_metas: list[dict],
            batch_gt_instances_ignore: OptInstanceList = None) -> dict[str, Tensor]:
        """Return the losses of Eq. (2), in float32 also under mixed precision.

        Args:
            cls_scores: Class logits of each level, see :meth:`forward`.
            bbox_preds: Distances of each level.
            centernesses: Center-ness logits of each level.
            batch_gt_instances: ``bboxes`` and ``labels`` of each image.
            batch_img_metas: ``scale_factor`` is used under ``'pixel'``;
                ``batch_input_shape``, if there, is checked against the maps.
            batch_gt_instances_ignore: Crowd boxes, see ``assigner.crowd``.

        Raises:
            UserError: If a map does not fit its stride.
        """
        with torch.autocast(cls_scores[0].device.type, enabled=False):
            predictions, locations = self._flatten(cls_scores, bbox_preds, centernesses,
                                                   batch_img_metas)
            targets = self._targets(locations, batch_gt_instances, batch_gt_instances_ignore,
                                    batch_img_metas)
            strides = locations.strides if self.regression == 'relu' else None
            return self.criterion(predictions, targets, strides)

    def predict(self,
                x: Sequence[Tensor],
                batch_data_samples: SampleList,
                rescale: bool = False) -> InstanceList:
        """Detect on feature maps.

        Args:
            x: L feature maps (B, in_channels, H, W).
            batch_data_samples: Samples with the images' meta information; the
                oracle also takes ``gt_instances`` from them, boxes in the size
                of the original image as mmdet's test pipelines load them.
            rescale: Return boxes in the size of the original image.
        """
        metas = [sample.metainfo for sample in batch_data_samples]
        truth = None
        if self.centerness.source in ORACLES:
            truth = [_resized(s.gt_instances, s.metainfo) for s in batch_data_samples]
        return self.predict_by_feat(
            *self(x), batch_img_metas=metas, rescale=rescale, batch_gt_instances=truth)

    @torch.no_grad()
    def predict_by_feat(self,
                        cls_scores: list[Tensor],
                        bbox_preds: list[Tensor],
                        score_factors: list[Tensor] | None = None,
                        batch_img_metas: list[dict] | None = None,
                        cfg: OptConfigType = None,
                        rescale: bool = False,
                        with_nms: bool = True,
                        batch_gt_instances: OptInstanceList = None) -> InstanceList:
        """Turn the outputs of the levels into detections.

        Args:
            cls_scores: Class logits of each level, see :meth:`forward`.
            bbox_preds: Distances of each level.
            score_factors: Center-ness logits of each level.
            batch_img_metas: ``img_shape`` and ``scale_factor`` of each image;
                ``batch_input_shape``, if there, is checked against the maps.
            cfg: Replaces ``test_cfg``.
            rescale: Return boxes in the size of the original image.
            with_nms: Whether to apply NMS and the limit of detections.
            batch_gt_instances: Ground truth for the oracle center-ness.

        Returns:
            For each image ``bboxes`` (n, 4), ``scores`` (n,), ``labels`` (n,).

        Raises:
            UserError: If a map does not fit its stride.
        """
        with torch.autocast(cls_scores[0].device.type, enabled=False):
            predictions, locations = self._flatten(cls_scores, bbox_preds, score_factors,
                                                   batch_img_metas)
            if self.regression == 'relu':
                predictions = predictions._replace(
                    distances=predictions.distances * locations.strides[:, None])
            truth = None
            if batch_gt_instances is not None:
                truth = self._targets(locations, batch_gt_instances, None, batch_img_metas)
            return self.postprocess(
                predictions,
                self.centerness.factor(predictions, truth),
                locations,
                batch_img_metas,
                self.test_cfg if cfg is None else cfg,
                box_convention=self.box_convention,
                rescale=rescale,
                with_nms=with_nms)

    def _flatten(self, cls_scores: list[Tensor], bbox_preds: list[Tensor],
                 centernesses: list[Tensor] | None,
                 img_metas: list[dict] | None) -> tuple[Predictions, Locations]:
        sizes = [m.shape[-2:] for m in cls_scores]
        locations = self.location_generator(sizes, cls_scores[0].device)
        check_level_sizes(sizes, self.strides, img_metas)
        centerness = None
        if self.centerness.branch:
            centerness = flatten_levels(centernesses)[..., 0].float()  # (B, P)
        distances = flatten_levels(bbox_preds).float()  # (B, P, 4)
        return Predictions(cls_scores, distances, centerness), locations

    def _targets(self, locations: Locations, gt_instances: InstanceList,
                 gt_instances_ignore: OptInstanceList, img_metas: list[dict]) -> Targets:
        truth = pad_ground_truth(
            gt_instances,
            gt_instances_ignore,
            img_metas=img_metas,
            box_convention=self.box_convention)
        return self.assigner.assign(locations, truth, background=self.num_classes)


def _resized(gt_instances: InstanceData, meta: dict) -> InstanceData:
    """Return a copy of the ground truth in the size of the network's input."""
    resized = gt_instances.clone()
    resized.bboxes = gt_instances.bboxes * scale_factors([meta], gt_instances.bboxes.device)
    return resized
