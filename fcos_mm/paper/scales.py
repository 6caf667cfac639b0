"""The paper's experiments at other scales: smaller networks and data, the same comparisons.

A scale is a config (``configs/_base_/paper/``) of data, schedule and, as ``network``, sizes. It
replaces those of an experiment's own config; what the paper compares stays.
"""
import copy
from functools import lru_cache

from mmengine.config import Config, ConfigDict

from fcos_mm.config import load_config
from fcos_mm.models.assigner import REGRESS_RANGES

#: Prediction layers of a head: those of the classes, then the others.
_PREDICTORS = {
    'FCOSHead': (('conv_cls', ), ('conv_reg', )),
    'RetinaHead': (('retina_cls', ), ('retina_reg', )),
    'RPNHead': ((), ('rpn_cls', 'rpn_reg')),
    'NormedRPNHead': ((), ('rpn_cls', 'rpn_reg')),
    'CenternessHead': ((), ('conv_centerness', )),
}


def experiment_config(config: str, scale: str) -> Config:
    """Load a config, path or ``package::path``, at a scale; at ``'full'`` as it is."""
    return copy.deepcopy(_load(config, scale))


@lru_cache(maxsize=32)
def _load(config: str, scale: str) -> Config:
    cfg = load_config(config)
    return cfg if scale == 'full' else _rescaled(
        cfg, load_config(f'fcos_mm::_base_/paper/{scale}.py'))


def _rescaled(cfg: Config, scale: Config) -> Config:
    """Combine an experiment's model, at the sizes of a scale, with the scale's data."""
    model, sizes = copy.deepcopy(cfg.model), scale.network
    model.data_preprocessor.update(sizes.data_preprocessor)
    levels = len(model.neck.in_channels)
    model.backbone = copy.deepcopy(sizes.backbone)
    model.backbone.out_indices = model.backbone.out_indices[:levels]
    model.neck.update(in_channels=sizes.backbone_channels[:levels], out_channels=sizes.channels)
    for name in {'bbox_head', 'rpn_head'} & model.keys():
        _rescale_dense_head(model[name], sizes)
        _rescale_objects(model[name], sizes.object_size)
    if 'roi_head' in model:
        model.roi_head.bbox_roi_extractor.out_channels = sizes.channels
        model.roi_head.bbox_head.update(
            in_channels=sizes.channels, fc_out_channels=sizes.roi_channels,
            num_classes=sizes.num_classes)
        model.train_cfg.rcnn.sampler.num = sizes.roi_samples
    parts = {key: value for key, value in scale.items() if key != 'network'}
    result = Config(dict(copy.deepcopy(parts), model=model))
    for name in ('test_evaluator', 'val_evaluator'):
        if 'metric' in cfg[name]:
            result[name].metric = cfg[name].metric
        else:
            result[name] = copy.deepcopy(cfg[name])
    return result


def _rescale_dense_head(head: ConfigDict, sizes: ConfigDict) -> None:
    """Set channels, depth and number of classes of a head on the pyramid."""
    kind, centerness = head.type.split('.')[-1], head.get('centerness', {})
    head.in_channels = head.feat_channels = sizes.channels
    if kind in ('FCOSHead', 'RetinaHead'):
        head.stacked_convs = sizes.tower_convs
    if kind == 'CenternessHead':
        head.stacked_convs = 2 * sizes.tower_convs
    if kind == 'RetinaHead' or head.get('num_classes', 1) > 1:
        head.num_classes = sizes.num_classes
    if head.get('norm_cfg'):
        head.norm_cfg.num_groups = sizes.norm_groups
    elif kind == 'FCOSHead':
        head.norm_cfg = dict(type='GN', num_groups=sizes.norm_groups, requires_grad=True)
    if centerness.get('num_convs'):
        centerness.num_convs = sizes.tower_convs
    classes, others = _PREDICTORS[kind]
    if kind == 'FCOSHead' and centerness.get('branch', True):
        others += ('conv_centerness', )
    # RetinaNet's small weights suit a pretrained backbone; without one, He's learn sooner
    head.init_cfg = dict(
        type='Kaiming', layer='Conv2d', distribution='normal',
        override=[dict(type='Normal', name=name, std=0.01, bias_prob=0.01) for name in classes]
        + [dict(type='Normal', name=name, std=0.01) for name in others])


def _rescale_objects(head: ConfigDict, factor: float) -> None:
    """Multiply regress ranges or anchors, which are in pixels."""
    if 'anchor_generator' in head:
        anchors = head.anchor_generator
        if 'octave_base_scale' in anchors:
            anchors.octave_base_scale = anchors.octave_base_scale * factor
        else:
            anchors.scales = [scale * factor for scale in anchors.scales]
        return
    ranges = head.setdefault('assigner', ConfigDict(type='FCOSAssigner')).setdefault(
        'regress_ranges', REGRESS_RANGES)
    head.assigner.regress_ranges = tuple(
        (low * factor, None if high is None else high * factor) for low, high in ranges)
