"""What an exported file says about itself: the contract of ``fcos_mm.export`` and the runtime."""
import dataclasses
import json
from dataclasses import dataclass

from fcos_mm.errors import UserError, check_choice
from fcos_mm.runtime.resize import BACKENDS
from fcos_mm.runtime.rounding import ROUNDINGS

#: The key of the JSON in the metadata of ONNX and OpenVINO files.
KEY = 'fcos_mm'
#: Raised when a reader of older files would misread new ones. A file has the lowest format that
#: can say what it needs, so that older versions read all others: 2 for the fields in
#: :data:`_OF_FORMAT_2` where they are not the defaults.
FORMAT = 2
_OF_FORMAT_2 = ('backend', 'rounding')
MODES = ('raw', 'decoded', 'nms')
PRECISIONS = ('fp32', 'fp16', 'bf16', 'int8')


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """From an image to the network's input: resize, normalise, pad right and below.

    Attributes:
        scale: (width, height) of ``Resize``: an image fits inside, in its own orientation, if
            ``keep_ratio``; else it gets exactly this size.
        keep_ratio: See ``scale``.
        channels: ``'rgb'`` or ``'bgr'``, the order that the network takes.
        mean: Subtracted from each channel, in the order of ``channels``.
        std: Divides each channel.
        pad_divisor: Sides are padded to multiples of it.
        pad_value: What the normalised image is padded with.
        backend: What interpolates: ``'cv2'``, ``'pillow'`` or ``'torch'``.
        rounding: How the sides are rounded if ``keep_ratio``, a key of ``ROUNDINGS``.

    Raises:
        ValueError: If ``backend`` or ``rounding`` is none of these.
    """
    scale: tuple[int, int]
    keep_ratio: bool
    channels: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    pad_divisor: int
    pad_value: float
    backend: str = 'cv2'
    rounding: str = 'nearest'

    def __post_init__(self) -> None:
        check_choice('backend', self.backend, BACKENDS)
        check_choice('rounding', self.rounding, tuple(ROUNDINGS))

    def padded(self, side: int) -> int:
        """The smallest multiple of ``pad_divisor`` that holds a side."""
        return -(-side // self.pad_divisor) * self.pad_divisor


@dataclass(frozen=True, kw_only=True)
class Postprocessing:
    """From boxes and scores to detections, see ``FCOSPostProcessor`` and mmdet's ``test_cfg``.

    Attributes:
        score_thr: A pair of location and class is a candidate above it; already applied in
            the modes ``decoded`` and ``nms``.
        nms_pre: Candidates of a level at most; no limit if not positive.
        iou_threshold: Of NMS, class by class.
        max_per_img: Detections of an image at most.
        clip: ``'before_nms'`` or ``'after_nms'``, which also drops what is then empty.
        min_bbox_size: Smaller boxes are dropped before NMS, if not negative.
        extra: 1 under the box convention ``'pixel'``, whose boxes end at their last pixel, else 0.
        strides: Of each level: how many locations an input of a size has.
        nms_offset: 1 if NMS takes boxes as ``x1 - x0 + 1`` wide, else 0.
    """
    score_thr: float
    nms_pre: int
    iou_threshold: float
    max_per_img: int
    clip: str
    min_bbox_size: float
    extra: int
    strides: tuple[int, ...]
    nms_offset: int = 0


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """The metadata of an exported detector.

    Attributes:
        version: Of fcos_mm, which wrote the file.
        mode: What the file puts out, one of :data:`MODES`.
        precision: One of :data:`PRECISIONS`.
        classes: Class names.
        category_ids: Their ids in COCO's result format.
        thresholds: Minimum score of a detection of each class, the default of the runtime.
        threshold_note: Where they come from, for the screen.
        shape: (batch, height, width) of the input; 0 where it is dynamic.
        preprocessing: From an image to the input.
        postprocessing: From the output to detections.
    """
    version: str
    mode: str
    precision: str
    classes: tuple[str, ...]
    category_ids: tuple[int, ...]
    thresholds: tuple[float, ...]
    threshold_note: str
    shape: tuple[int, int, int]
    preprocessing: Preprocessing
    postprocessing: Postprocessing

    def to_json(self) -> str:
        """The text to write into a file."""
        values, usual = dataclasses.asdict(self), Preprocessing.__dataclass_fields__
        how = values['preprocessing']
        plain = all(how[name] == usual[name].default for name in _OF_FORMAT_2)
        if plain:
            values['preprocessing'] = {name: how[name] for name in how if name not in _OF_FORMAT_2}
        return json.dumps(dict(format=1 if plain else FORMAT, **values), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | None, path: str) -> 'ModelInfo':
        """Read the text of a file.

        Args:
            text: What :meth:`to_json` wrote; None if the file has none.
            path: Of the file, for messages.

        Raises:
            UserError: If it is missing, damaged or of a newer format.
        """
        if not text:
            raise UserError(f'{path} was not written by `fcos-mm export`: it has no metadata '
                            f'{KEY!r}.\nExport your model: fcos-mm export work_dirs/mine')
        try:
            values = json.loads(text)
            if values.pop('format') > FORMAT:
                raise UserError(f'{path} was written by fcos_mm {values["version"]}, and this '
                                'version cannot read it.\nUpdate fcos_mm, or export the model '
                                'again.')
            return cls(**{**_tuples(values),
                          'preprocessing': Preprocessing(**_tuples(values['preprocessing'])),
                          'postprocessing': Postprocessing(**_tuples(values['postprocessing']))})
        except (ValueError, TypeError, KeyError) as error:
            raise UserError(f'{path}: its metadata {KEY!r} is damaged ({error}).\n'
                            'Export the model again.') from error


def _tuples(values: dict) -> dict:
    return {key: tuple(value) if isinstance(value, list) else value
            for key, value in values.items()}
