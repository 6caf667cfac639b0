"""The metadata of a file, from a config and its network."""
from collections.abc import Mapping, Sequence

from mmengine.config import Config

from fcos_mm.config.datasets import first_dataset
from fcos_mm.errors import UserError
from fcos_mm.export.network import ExportNetwork
from fcos_mm.export.settings import iou_threshold
from fcos_mm.models.structures import BOX_CONVENTIONS
from fcos_mm.runtime.info import ModelInfo, Postprocessing, Preprocessing
from fcos_mm.runtime.resize import BACKENDS
from fcos_mm.runtime.rounding import ROUNDINGS
from fcos_mm.version import __version__

_PIPELINE = 'test_dataloader.dataset.pipeline'
#: Steps of test pipelines that change no pixel.
_WITHOUT_EFFECT = ('LoadAnnotations', 'PackDetInputs')
#: What the settings of a step can be for the runtime to do the same, the default first; others
#: have no effect.
_ALLOWED = {
    'LoadImageFromFile': dict(to_float32=(False, True), color_type=('color', ),
                              imdecode_backend=('cv2', )),
    'Resize': dict(scale_factor=(None, ), interpolation=('bilinear', ), backend=BACKENDS,
                   rounding=tuple(ROUNDINGS)),
}


def model_info(cfg: Config, network: ExportNetwork, *, classes: Mapping[str, int],
               thresholds: Sequence[float], threshold_note: str, precision: str = 'fp32',
               shape: tuple[int, int, int]) -> ModelInfo:
    """Collect the metadata of a file.

    Args:
        cfg: The config of the detector.
        network: The network that is written.
        classes: Category ids by the names of classes, in the model's order.
        thresholds: Minimum score of a detection of each class.
        threshold_note: Where they come from.
        precision: One of ``PRECISIONS``.
        shape: (batch, height, width) of the input; 0 where it is dynamic.

    Raises:
        UserError: If the test pipeline does what the runtime cannot do.
    """
    return ModelInfo(
        version=__version__, mode=network.mode, precision=precision, classes=tuple(classes),
        category_ids=tuple(classes.values()), thresholds=tuple(map(float, thresholds)),
        threshold_note=threshold_note, shape=shape, preprocessing=preprocessing(cfg),
        postprocessing=_postprocessing(network))


def preprocessing(cfg: Config) -> Preprocessing:
    """From the test pipeline and the data preprocessor to what a runtime does.

    Raises:
        UserError: If a step or a setting has no counterpart there.
    """
    resize = _resize(first_dataset(cfg.get('test_dataloader')).get('pipeline') or ())
    values = cfg.model.get('data_preprocessor') or {}
    if values.get('pad_mask') or values.get('boxtype2tensor', True) is not True:
        raise UserError('model.data_preprocessor.pad_mask and boxtype2tensor have no form in '
                        'exported files.\nLeave them out of the config.')
    swapped = bool(values.get('bgr_to_rgb') or values.get('rgb_to_bgr'))
    mean, std = values.get('mean'), values.get('std')
    scale = resize['scale']
    return Preprocessing(
        scale=(scale, scale) if isinstance(scale, int) else tuple(map(int, scale)),
        keep_ratio=bool(resize.get('keep_ratio', False)), channels='rgb' if swapped else 'bgr',
        mean=tuple(map(float, mean or (0, 0, 0))), std=tuple(map(float, std or (1, 1, 1))),
        pad_divisor=int(values.get('pad_size_divisor', 1)),
        pad_value=float(values.get('pad_value', 0)), backend=resize.get('backend', 'cv2'),
        rounding=resize.get('rounding', 'nearest'))


def padded_scale(rule: Preprocessing) -> tuple[int, int]:
    """(height, width) of the input for an image of the shape of ``scale``.

    Under the rounding ``'official'`` a thin image can be a little longer than ``scale``; the
    runtime makes smaller what exceeds the padding.
    """
    width, height = rule.scale
    return rule.padded(height), rule.padded(width)


def _resize(pipeline: Sequence[Mapping]) -> Mapping:
    """The one step that changes the size, after a check of all."""
    found, floats = [], None
    for index, step in enumerate(pipeline):
        place = f'{_PIPELINE}.{index}'
        kind = str(step.get('type')).rpartition('.')[2]
        if kind in _WITHOUT_EFFECT:
            continue
        _check_step(step, kind, place)
        found += [step] * (kind == 'Resize')
        floats = place if step.get('to_float32') else floats
    if len(found) != 1 or not found[0].get('scale'):
        raise UserError(f'{_PIPELINE} must have one Resize with a scale, and has {len(found)}.\n'
                        "Write dict(type='Resize', scale=(1333, 800), keep_ratio=True).")
    if floats and found[0].get('backend') != 'torch':
        raise UserError(f"{floats}.to_float32=True: an exported detector resizes floats only by "
                        "Resize(backend='torch').\nChange it: --cfg-options "
                        f'{floats}.to_float32=False')
    return found[0]


def _check_step(step: Mapping, kind: str, place: str) -> None:
    if kind not in _ALLOWED:
        raise UserError(f'{place}: an exported detector cannot do {step.get("type")!r}.\n'
                        'It loads an image, resizes it (Resize) and does what '
                        'model.data_preprocessor says. Remove the step, or use --cfg-options.')
    for key, values in _ALLOWED[kind].items():
        if step.get(key, values[0]) not in values:
            raise UserError(f'{place}.{key}={step[key]!r}: an exported detector has '
                            f'{" or ".join(f"{key}={value!r}" for value in values)}.\n'
                            f'Change it: --cfg-options {place}.{key}={values[0]}')


def _postprocessing(network: ExportNetwork) -> Postprocessing:
    head = network.head
    cfg = head.test_cfg
    return Postprocessing(
        score_thr=network.rule.score_thr, nms_pre=network.rule.nms_pre,
        iou_threshold=iou_threshold(cfg.get('nms') or {}),
        max_per_img=int(cfg.get('max_per_img') or -1),
        clip=getattr(head.postprocess, 'clip', 'before_nms'),
        min_bbox_size=float(cfg.get('min_bbox_size', -1)),
        extra=BOX_CONVENTIONS[head.box_convention], strides=head.strides,
        nms_offset=int((cfg.get('nms') or {}).get('offset', 0)))
