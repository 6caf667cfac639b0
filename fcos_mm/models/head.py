"""The FCOS head (Fig. 2, right of the feature pyramid): its layers, losses and detections."""
from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule, Scale
from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.utils import ConfigType, InstanceList, OptConfigType, OptInstanceList, OptMultiConfig
from torch import Tensor, nn

from fcos_mm.errors import check_choice
from fcos_mm.models.assigner import pad_ground_truth
from fcos_mm.models.level_norm import LevelNormConv
from fcos_mm.models.locations import LocationGenerator, Locations, flatten_levels
from fcos_mm.models.structures import BOX_CONVENTIONS, Predictions, QualityBranch, Targets
from fcos_mm.registry import MODELS, TASK_UTILS

#: Convolutions start with std 0.01; the bias of conv_cls makes every class score 0.01
#: (RetinaNet's prior).
INIT = dict(
    type='Normal',
    layer='Conv2d',
    std=0.01,
    override=dict(type='Normal', name='conv_cls', std=0.01, bias_prob=0.01))


@MODELS.register_module()
class FCOSHead(BaseDenseHead):
    """Two towers and three predictors shared by all levels, with one scale per level.

    The head owns the layers (with the parameter names of mmdet's ``FCOSHead``) and
    delegates assignment, losses and post-processing to its components.

    Args:
        num_classes: Number of classes C, without background.
        in_channels: Channels of the feature maps.
        feat_channels: Channels of the towers.
        stacked_convs: Number of convolutions in each of the two towers.
        shared_convs: Number of convolutions before both towers, computed once for the two
            (FCOS-RT: 4, and none in the towers).
        strides: Stride of each level.
        location_offset: ``offset`` of :class:`LocationGenerator`.
        location_spacing: ``spacing`` of :class:`LocationGenerator`.
        regression: ``'exp'``, distances are exp(s_i x) pixels (the paper), or
            ``'relu'``, relu(s_i x) strides (released improvement), which can die at the start
            under GIoU: docs/troubleshooting.md.
        box_convention: ``'continuous'`` or ``'pixel'``, see :func:`pad_ground_truth`.
        dcn_on_last_conv: Whether the last convolution of each tower is deformable (v2).
        conv_bias: Whether the tower convolutions have a bias; with ``'auto'`` only if
            there is no normalisation (mmdet).
        norm_cfg: Normalisation in the towers.
        norm_per_level: Whether each level has its own normalisation behind each convolution,
            which batch normalisation needs: :class:`LevelNormConv`.
        scale: Whether each level has a learned scale s_i; without it s_i is 1 (detectron2,
            torchvision).
        centerness: The quality branch: :class:`Centerness`, :class:`IoUQuality`.
        assigner: Config of :class:`FCOSAssigner`.
        loss: Config of :class:`FCOSLoss`.
        postprocess: Config of :class:`FCOSPostProcessor`.
        train_cfg: Unused; mmdet's detectors pass it.
        test_cfg: ``score_thr``, ``nms_pre`` (per level), ``nms``,
            ``max_per_img``, ``min_bbox_size``.
        init_cfg: Initialisation of the layers.

    Raises:
        ValueError: If an option is unknown or a number is invalid.
    """

    def __init__(self,
                 *,
                 num_classes: int,
                 in_channels: int,
                 feat_channels: int = 256,
                 stacked_convs: int = 4,
                 shared_convs: int = 0,
                 strides: Sequence[int] = (8, 16, 32, 64, 128),
                 location_offset: str = 'floor',
                 location_spacing: str = 'stride',
                 regression: str = 'exp',
                 box_convention: str = 'continuous',
                 dcn_on_last_conv: bool = False,
                 conv_bias: bool | str = 'auto',
                 norm_cfg: OptConfigType = dict(type='GN', num_groups=32, requires_grad=True),
                 norm_per_level: bool = False,
                 scale: bool = True,
                 centerness: ConfigType = dict(type='fcos_mm.Centerness'),
                 assigner: ConfigType = dict(type='fcos_mm.FCOSAssigner'),
                 loss: ConfigType = dict(type='fcos_mm.FCOSLoss'),
                 postprocess: ConfigType = dict(type='fcos_mm.FCOSPostProcessor'),
                 train_cfg: OptConfigType = None,
                 test_cfg: OptConfigType = None,
                 init_cfg: OptMultiConfig = INIT) -> None:
        super().__init__(init_cfg=init_cfg)
        for name, value, least in (('num_classes', num_classes, 1), ('in_channels', in_channels, 1),
                                   ('feat_channels', feat_channels, 1),
                                   ('stacked_convs', stacked_convs, 0),
                                   ('shared_convs', shared_convs, 0)):
            if not isinstance(value, int) or value < least:
                raise ValueError(f'{name} must be an integer >= {least}, got {value!r}')
        check_choice('regression', regression, ('exp', 'relu'))
        check_choice('box_convention', box_convention, tuple(BOX_CONVENTIONS))
        check_choice('conv_bias', conv_bias, (True, False, 'auto'))
        if norm_per_level and norm_cfg is None:
            raise ValueError('norm_per_level=True needs a norm_cfg, such as dict(type="BN")')
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.feat_channels = feat_channels
        self.stacked_convs = stacked_convs
        self.regression = regression
        self.box_convention = box_convention
        self.dcn_on_last_conv = dcn_on_last_conv
        self.conv_bias = conv_bias
        self.norm_cfg = norm_cfg
        self.norm_per_level = norm_per_level
        self.test_cfg = test_cfg
        self.location_generator = LocationGenerator(strides, offset=location_offset,
                                                    spacing=location_spacing)
        self.quality = TASK_UTILS.build(centerness)
        self.assigner = TASK_UTILS.build(assigner)
        self.criterion = MODELS.build(loss)
        self.postprocess = TASK_UTILS.build(postprocess)
        self._init_layers(shared_convs)
        self.scales = nn.ModuleList(Scale(1.0) if scale else nn.Identity() for _ in self.strides)

    @property
    def strides(self) -> tuple[int, ...]:
        """Stride of each level."""
        return self.location_generator.strides

    def _init_layers(self, shared_convs: int) -> None:
        """Add each output's tower ``{name}_convs`` and last layer ``conv_{name}``."""
        self.shared_convs = self._tower(self.in_channels, shared_convs)
        in_channels = self.feat_channels if shared_convs else self.in_channels
        self.cls_convs = self._tower(in_channels, self.stacked_convs, self.dcn_on_last_conv)
        self.reg_convs = self._tower(in_channels, self.stacked_convs, self.dcn_on_last_conv)
        self.conv_cls = self._last_layer(self.num_classes)
        self.conv_reg = self._last_layer(4)
        if self.quality.branch:
            name, num_convs = self.quality.name, self.quality.num_convs
            self.add_module(f'{name}_convs', self._tower(self.feat_channels, num_convs))
            self.add_module(f'conv_{name}', self._last_layer(1))

    def _last_layer(self, channels: int) -> nn.Conv2d:
        return nn.Conv2d(self.feat_channels, channels, 3, padding=1)

    def _tower(self, in_channels: int, num_convs: int, dcn_on_last: bool = False) -> nn.ModuleList:
        tower = nn.ModuleList()
        for i in range(num_convs):
            channels = in_channels if i == 0 else self.feat_channels, self.feat_channels
            options = dict(
                conv_cfg=dict(type='DCNv2') if dcn_on_last and i == num_convs - 1 else None,
                norm_cfg=self.norm_cfg)
            if self.norm_per_level:
                tower.append(LevelNormConv(*channels, levels=len(self.strides),
                                           bias=self.conv_bias is True, **options))
            else:
                tower.append(ConvModule(*channels, 3, padding=1, bias=self.conv_bias, **options))
        return tower

    def forward(self, feats: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Apply the head to every level.

        Args:
            feats: L feature maps (B, in_channels, H, W).

        Returns:
            Lists over the levels: class logits (B, C, H, W); distances
            (B, 4, H, W) in pixels under ``'exp'``, in strides under ``'relu'``;
            logits of the quality branch (B, 1, H, W), each None without it.

        Raises:
            UserError: If the number of maps differs from the number of strides.
        """
        self.location_generator.check_count(len(feats))
        levels = [self._forward_level(feat, level) for level, feat in enumerate(feats)]
        return tuple(list(outputs) for outputs in zip(*levels))

    def _forward_level(self, feat: Tensor, level: int) -> tuple[Tensor, Tensor, Tensor | None]:
        feat = self._through('shared', feat, level)
        cls_feat, reg_feat = (self._through(name, feat, level) for name in ('cls', 'reg'))
        # exp overflows in half precision
        scaled = self.scales[level](self.conv_reg(reg_feat)).float()
        distances = scaled.exp() if self.regression == 'exp' else scaled.relu()
        quality = None
        if self.quality.branch:
            name = self.quality.name
            quality = cls_feat if self.quality.position == 'cls' else reg_feat
            quality = getattr(self, f'conv_{name}')(self._through(name, quality, level))
        return self.conv_cls(cls_feat), distances, quality

    def _through(self, name: str, feat: Tensor, level: int) -> Tensor:
        """Apply the tower of an output to the map of a level."""
        for conv in getattr(self, f'{name}_convs'):
            feat = conv(feat, level) if self.norm_per_level else conv(feat)
        return feat

    def loss_by_feat(
            self,
            cls_scores: list[Tensor],
            bbox_preds: list[Tensor],
            centernesses: list[Tensor],
            batch_gt_instances: InstanceList,
            batch_img_metas: list[dict],
            batch_gt_instances_ignore: OptInstanceList = None) -> dict[str, Tensor]:
        """Return the losses of Eq. (2), in float32 even under mixed precision.

        Args:
            cls_scores: Class logits of each level, see :meth:`forward`.
            bbox_preds: Distances of each level.
            centernesses: Logits of the quality branch of each level.
            batch_gt_instances: ``bboxes`` and ``labels`` of each image.
            batch_img_metas: ``scale_factor`` is used under ``'pixel'``;
                ``batch_input_shape``, if there, is checked against the maps.
            batch_gt_instances_ignore: Crowd boxes, see ``assigner.crowd``.

        Raises:
            UserError: If a map does not fit its stride.
        """
        with torch.autocast(cls_scores[0].device.type, enabled=False):
            predictions, locations = self.flatten(cls_scores, bbox_preds, centernesses,
                                                  batch_img_metas)
            targets = self.assign(locations, batch_gt_instances, batch_gt_instances_ignore,
                                  batch_img_metas)
            strides = locations.strides if self.regression == 'relu' else None
            return self.criterion(predictions, targets, self.quality, strides)

    @torch.no_grad()
    def predict_by_feat(self,
                        cls_scores: list[Tensor],
                        bbox_preds: list[Tensor],
                        score_factors: list[Tensor] | None = None,
                        batch_img_metas: list[dict] | None = None,
                        cfg: OptConfigType = None,
                        rescale: bool = False,
                        with_nms: bool = True,
                        quality: QualityBranch | None = None) -> InstanceList:
        """Return ``bboxes`` (n, 4), ``scores`` (n,) and ``labels`` (n,) of each image.

        Args:
            cls_scores: Class logits of each level, see :meth:`forward`.
            bbox_preds: Distances of each level.
            score_factors: Logits of the quality branch of each level.
            batch_img_metas: ``img_shape`` and ``scale_factor`` of each image;
                ``batch_input_shape``, if there, is checked against the maps.
            cfg: Overrides ``test_cfg``.
            rescale: Whether to return boxes in pixels of the original image.
            with_nms: Whether to apply NMS and the limit on the number of detections.
            quality: What the logits are of, in place of the head's quality branch.

        Raises:
            UserError: If a map does not fit its stride.
        """
        with torch.autocast(cls_scores[0].device.type, enabled=False):
            predictions, locations = self.flatten(cls_scores, bbox_preds, score_factors,
                                                  batch_img_metas)
            predictions = self.in_pixels(predictions, locations)
            return self.postprocess(
                predictions,
                (quality or self.quality).factor(predictions),
                locations,
                batch_img_metas,
                self.test_cfg if cfg is None else cfg,
                box_convention=self.box_convention,
                rescale=rescale,
                with_nms=with_nms)

    def flatten(self, cls_scores: list[Tensor], bbox_preds: list[Tensor],
                centernesses: list[Tensor] | None,
                img_metas: list[dict] | None) -> tuple[Predictions, Locations]:
        """Flatten distances and quality of all levels; return the predictions and locations."""
        sizes = [m.shape[-2:] for m in cls_scores]
        locations = self.location_generator(sizes, cls_scores[0].device, img_metas)
        self.location_generator.check_sizes(sizes, img_metas)
        quality = None
        if centernesses and centernesses[0] is not None:
            quality = flatten_levels(centernesses)[..., 0].float()  # (B, P)
        distances = flatten_levels(bbox_preds).float()  # (B, P, 4)
        return Predictions(cls_scores, distances, quality), locations

    def in_pixels(self, predictions: Predictions, locations: Locations) -> Predictions:
        """Return the predictions with distances in pixels."""
        if self.regression == 'exp':
            return predictions
        return predictions._replace(distances=predictions.distances * locations.strides[:, None])

    def assign(self, locations: Locations, gt_instances: InstanceList,
               gt_instances_ignore: OptInstanceList, img_metas: list[dict]) -> Targets:
        """Return the training targets of the locations."""
        truth = pad_ground_truth(
            gt_instances,
            gt_instances_ignore,
            img_metas=img_metas,
            box_convention=self.box_convention)
        return self.assigner.assign(locations, truth, background=self.num_classes)
