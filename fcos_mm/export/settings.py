"""From the settings of a head and its ``test_cfg`` to the parts of a graph."""
from torch import nn

from fcos_mm.errors import UserError
from fcos_mm.export.candidates import CandidateRule
from fcos_mm.export.suppression import Suppression
from fcos_mm.models.head import FCOSHead
from fcos_mm.models.postprocess import FCOSPostProcessor
from fcos_mm.models.structures import BOX_CONVENTIONS
from fcos_mm.ranking import RankedDetector

_NMS_KEYS = {'type', 'iou_threshold', 'iou_thr', 'offset', 'class_agnostic', 'split_thr'}
_DECODED = 'or leave it to your own code: --mode raw'


def check_exportable(detector: nn.Module, mode: str) -> None:
    """Check that a detector is an FCOS whose post-processing can be part of a graph.

    Raises:
        UserError: If not; names the setting.
    """
    head = getattr(detector, 'bbox_head', None)
    if not isinstance(head, FCOSHead) or getattr(detector, 'roi_head', None) is not None:
        name = type(detector).__name__
        raise UserError(f'The detector is {name} with {type(head).__name__}; `fcos-mm export` '
                        'writes FCOS detectors with FCOSHead.\nUse the exporter of the library '
                        f'that {name} comes from.')
    if isinstance(detector, RankedDetector):
        raise UserError('The detector is ranked by a center-ness network, a second network that '
                        'has no place in an exported file.\nExport the detector alone: its own '
                        'config has the type FCOS and no model.ranking.')
    if mode == 'raw':
        return
    if type(head.postprocess) is not FCOSPostProcessor:
        raise UserError(f'model.bbox_head.postprocess is a {type(head.postprocess).__name__}, '
                        'which has no form for exported files.\nTake FCOSPostProcessor, '
                        f'{_DECODED}.')
    _check_nms(head.test_cfg.get('nms') or {})
    if mode == 'nms':
        _check_suppression(head)
    elif (head.test_cfg.get('nms') or {}).get('class_agnostic'):
        raise UserError('model.test_cfg.nms.class_agnostic=True is only possible inside the file:'
                        ' --mode nms.\nTake that, or --cfg-options '
                        'model.test_cfg.nms.class_agnostic=False.')


def candidate_rule(head: FCOSHead) -> CandidateRule:
    """The rule of the head's post-processing and ``test_cfg``."""
    return CandidateRule(
        postprocess=head.postprocess, score_thr=float(head.test_cfg.get('score_thr', 0)),
        nms_pre=int(head.test_cfg.get('nms_pre', -1)))


def suppression(head: FCOSHead) -> Suppression:
    """The suppression of the head's ``test_cfg``, checked by :func:`check_exportable`."""
    cfg = head.test_cfg
    return Suppression(
        iou_threshold=iou_threshold(cfg['nms']), nms_offset=int(cfg['nms'].get('offset', 0)),
        class_agnostic=bool(cfg['nms'].get('class_agnostic', False)),
        max_per_img=int(cfg['max_per_img']), min_bbox_size=float(cfg.get('min_bbox_size', -1)),
        clip=head.postprocess.clip, extra=BOX_CONVENTIONS[head.box_convention])


def iou_threshold(nms: dict) -> float:
    """The threshold of a config of NMS, by its name or its old one."""
    return float(nms.get('iou_threshold', nms.get('iou_thr', 0.5)))


def _check_nms(nms: dict) -> None:
    if nms.get('type', 'nms') != 'nms':
        raise UserError(f'model.test_cfg.nms.type={nms["type"]!r} cannot be part of an exported '
                        f'detector.\nTake another NMS: --cfg-options model.test_cfg.nms.type=nms, '
                        f'{_DECODED}.')
    unknown = sorted(set(nms) - _NMS_KEYS)
    if unknown:
        raise UserError(f'model.test_cfg.nms.{unknown[0]} cannot be part of an exported detector.'
                        f'\nLeave it out of the config, {_DECODED}.')


def _check_suppression(head: FCOSHead) -> None:
    cfg = head.test_cfg
    if not isinstance(cfg.get('max_per_img'), int) or cfg['max_per_img'] < 1:
        raise UserError(f'model.test_cfg.max_per_img={cfg.get("max_per_img")}: a file with NMS '
                        'returns a fixed number of detections.\nSet it: --cfg-options '
                        'model.test_cfg.max_per_img=100, or take --mode decoded.')
    if cfg.get('min_bbox_size', -1) > 0 and head.box_convention == 'continuous':
        raise UserError(f'model.test_cfg.min_bbox_size={cfg["min_bbox_size"]} counts pixels of the '
                        'original image, which a file with NMS does not know.\nTake --mode decoded'
                        ', or --cfg-options model.test_cfg.min_bbox_size=0.')
    if cfg['nms'].get('offset') and head.box_convention == 'continuous':
        raise UserError('model.test_cfg.nms.offset=1 counts pixels of the original image, which a '
                        'file with NMS does not know.\nTake --mode decoded, or --cfg-options '
                        'model.test_cfg.nms.offset=0.')
