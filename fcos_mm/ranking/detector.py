"""A detector whose detections are ranked by a center-ness network (paper, end of Sec. 4.1.2)."""
from collections.abc import Sequence

from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.structures import SampleList
from mmdet.utils import ConfigType, InstanceList, OptConfigType
from torch import Tensor, nn

from fcos_mm.checkpoints.fit import check_checkpoint, read_state_dict
from fcos_mm.checkpoints.weights import fitted
from fcos_mm.compat.modules import keep_out_of_state_dict
from fcos_mm.errors import UserError
from fcos_mm.models.branches.centerness import Centerness
from fcos_mm.models.detector import FCOS
from fcos_mm.models.head import FCOSHead
from fcos_mm.registry import MODELS


@MODELS.register_module()
class RankedDetector(FCOS):
    """A single-stage detector whose class scores a center-ness network multiplies at test.

    The detector may be FCOS, with or without center-ness, RetinaNet, or any of mmdet's whose
    head detects by ``BaseDenseHead.predict_by_feat``. If its head has a branch that multiplies
    the scores, the network takes the place of its output. Detections are then selected and
    suppressed by the product, as the head does it.

    The network has a checkpoint of its own. The detector's is loaded as it is, and a training
    trains and saves the detector alone.

    Args:
        backbone: The detector's.
        neck: The detector's.
        ranking: Config of a :class:`CenternessNetwork`, with the file of its weights as
            ``checkpoint``. Its backbone and neck are the detector's where it gives none, and its
            pictures are the detector's.
        data_preprocessor: The detector's.

    The other arguments are the detector's.

    Raises:
        UserError: If the network does not fit the detector, or its weights cannot be read or do
            not fit.
    """

    def __init__(self, *, backbone: ConfigType, neck: OptConfigType = None, ranking: ConfigType,
                 data_preprocessor: OptConfigType = None, **kwargs) -> None:
        super().__init__(backbone=backbone, neck=neck, data_preprocessor=data_preprocessor,
                         **kwargs)
        settings = {'backbone': backbone, 'neck': neck, **ranking}
        settings['backbone'] = {**settings['backbone'], 'init_cfg': None}
        own_input = settings.pop('data_preprocessor', data_preprocessor)
        self.ranking_checkpoint = settings.pop('checkpoint', None)
        self.ranking = MODELS.build(settings).requires_grad_(False).eval()
        _check_head(self.bbox_head)
        _check_strides(self.bbox_head, self.ranking.bbox_head)
        _check_input(own_input, data_preprocessor)
        if self.ranking_checkpoint is not None:
            _load(self.ranking, self.ranking_checkpoint)
        keep_out_of_state_dict(self, 'ranking')

    def train(self, mode: bool = True) -> 'RankedDetector':
        """Set the mode of the detector; the network stays in that of a test."""
        super().train(mode)
        self.ranking.eval()
        return self

    def init_weights(self) -> None:
        """Initialise the detector; the network keeps the weights of its checkpoint."""
        kept = {name: value.clone() for name, value in self.ranking.state_dict().items()}
        super().init_weights()
        self.ranking.load_state_dict(kept)

    def predict(self, batch_inputs: Tensor, batch_data_samples: SampleList,
                rescale: bool = True) -> SampleList:
        """Detect in images (B, 3, H, W).

        Raises:
            UserError: If the network has no weights.
        """
        if self.ranking_checkpoint is None:
            raise UserError('model.ranking.checkpoint is not set: the network that ranks the '
                            'detections has no weights.\nTrain it, and give its checkpoint:\n'
                            '--cfg-options model.ranking.checkpoint=FILE')
        outputs = self.bbox_head(self.extract_feat(batch_inputs))
        found = ranked(self.bbox_head, outputs, self.ranking.maps(batch_inputs),
                       [sample.metainfo for sample in batch_data_samples], rescale=rescale)
        return self.add_pred_to_datasample(batch_data_samples, found)

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args) -> None:
        super()._load_from_state_dict(state_dict, prefix, *args)
        own = self.ranking.state_dict(prefix=f'{prefix}ranking.')
        state_dict.update(own)  # what a checkpoint says of the network does not count


def ranked(head: nn.Module, outputs: Sequence[list[Tensor]], maps: list[Tensor],
           img_metas: list[dict], *, rescale: bool = False) -> InstanceList:
    """Detect with class scores that center-ness multiplies.

    Args:
        head: The detector's.
        outputs: Of the head: class logits, boxes, and what else it has.
        maps: Logits of center-ness, L maps (B, 1, H, W).
        img_metas: As for the head.
        rescale: Whether to return boxes in pixels of the original image.

    Raises:
        UserError: If the sizes of the maps are not those of the head's.
    """
    classes, boxes = outputs[:2]
    sizes, wanted = ([tuple(m.shape[-2:]) for m in each] for each in (maps, classes))
    if sizes != wanted:
        raise UserError(f'model.ranking has maps of sizes {sizes}, and the detector {wanted}.\n'
                        'They must be of the same levels: see neck and strides of both.')
    if isinstance(head, FCOSHead):
        return head.predict_by_feat(classes, boxes, maps, img_metas, rescale=rescale,
                                    quality=Centerness())
    anchors = [boxes_of_level.size(1) // 4 for boxes_of_level in boxes]
    maps = [m.expand(-1, number, -1, -1) for m, number in zip(maps, anchors)]
    return head.predict_by_feat(classes, boxes, maps, batch_img_metas=img_metas, rescale=rescale)


def _load(network: nn.Module, path: str) -> None:
    weights = read_state_dict(path)
    check_checkpoint(path, network)
    network.load_state_dict(fitted(weights, network.state_dict()), strict=False)


def _check_head(head: nn.Module) -> None:
    """The head must multiply its scores by a map that it is given."""
    kind, methods = type(head), ('predict_by_feat', '_predict_by_feat_single')
    if isinstance(head, FCOSHead) or isinstance(head, BaseDenseHead) and all(
            getattr(kind, name) is getattr(BaseDenseHead, name) for name in methods):
        return
    raise UserError(f'model.bbox_head is a {kind.__name__}, whose scores cannot be multiplied by '
                    'center-ness.\nRankedDetector needs FCOSHead, or a head of mmdet that detects '
                    'by BaseDenseHead.predict_by_feat, such as RetinaHead.')


def _check_strides(head: nn.Module, ranking: nn.Module) -> None:
    generator = getattr(head, 'location_generator', None) or head.prior_generator
    strides = tuple(min(s) if isinstance(s, (list, tuple)) else s for s in generator.strides)
    if strides != ranking.strides:
        raise UserError(f'model.ranking.bbox_head.strides={ranking.strides}, and the detector has '
                        f'strides {strides}.\nTrain a center-ness network of these levels.')


def _check_input(ranking: OptConfigType, detector: OptConfigType) -> None:
    """Both see the same pictures, normalised once."""
    if (ranking or {}) != (detector or {}):
        raise UserError(f'model.ranking.data_preprocessor is {ranking}, and that of the detector '
                        f'{detector}.\nThe network gets the pictures of the detector: train it '
                        'with the same data_preprocessor, and leave it out of model.ranking.')
