"""FCOS of ours and of its peers as ONNX files of the same function, run by the same onnxruntime.

The function is network and decoding: normalised images (B, 3, H, W) to the boxes (B, P, 4) in
pixels and the final scores (B, P, C) of all P locations, without a threshold, a limit or NMS.
"""
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import peers
import peers_torchvision
import torch
from harness.case import NotAvailable
from mmengine.config import ConfigDict
from torch import Tensor, nn

from fcos_mm.errors import UserError
from fcos_mm.export.network import ExportNetwork
from fcos_mm.export.onnx import OPSET, write_onnx
from fcos_mm.runtime.info import ModelInfo, Postprocessing, Preprocessing

#: No pair is left out: ``decoded`` then is the function above.
ALL_PAIRS = dict(score_thr=0., nms_pre=-1)
OUTPUTS = ('boxes', 'scores')


class MMDetNetwork(nn.Module):
    """mmdet's FCOS as the function, for images of one size.

    Args:
        model: ``mmdet.FCOS``.
        size: height and width of the images.
    """

    def __init__(self, model: nn.Module, size: tuple[int, int]) -> None:
        super().__init__()
        self.model, self.head = model.eval(), model.bbox_head
        with torch.no_grad():
            maps = self.head(model.extract_feat(torch.zeros(1, 3, *size)))[0]
        points = self.head.prior_generator.grid_priors(
            [level.shape[-2:] for level in maps], device='cpu')
        self.points = nn.ParameterList(nn.Parameter(level, requires_grad=False)
                                       for level in points)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The function."""
        levels = zip(*self.head(self.model.extract_feat(images)), self.points)
        boxes, scores = zip(*(self._level(*level) for level in levels))
        return torch.cat(boxes, dim=1), torch.cat(scores, dim=1)

    def _level(self, logits: Tensor, distances: Tensor, centerness: Tensor, points: Tensor
               ) -> tuple[Tensor, Tensor]:
        logits, distances, centerness = (
            one.permute(0, 2, 3, 1).flatten(1, 2) for one in (logits, distances, centerness))
        boxes = self.head.bbox_coder.decode(points.expand(len(logits), -1, -1), distances)
        return boxes, logits.sigmoid() * centerness.sigmoid()


class TorchvisionNetwork(nn.Module):
    """torchvision's FCOS as the function, for images of one size.

    Args:
        model: ``torchvision.models.detection.FCOS``.
        size: height and width of the images: multiples of the largest stride, 128. It divides
            sizes by the numbers of rows and columns, which else are not the strides.
    """

    def __init__(self, model: nn.Module, size: tuple[int, int]) -> None:
        super().__init__()
        from torchvision.models.detection.image_list import ImageList
        self.model = model.eval()
        images = torch.zeros(1, 3, *size)
        with torch.no_grad():
            features = list(model.backbone(images).values())
            self.anchors, = model.anchor_generator(ImageList(images, [size]), features)
        self.anchors = nn.Parameter(self.anchors, requires_grad=False)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The function."""
        found = self.model.head(list(self.model.backbone(images).values()))
        boxes = self.model.box_coder.decode(found['bbox_regression'], self.anchors)
        scores = found['cls_logits'].sigmoid() * found['bbox_ctrness'].sigmoid()
        return boxes, scores.sqrt()


def mmdet_pair(size: tuple[int, int]) -> tuple[nn.Module, nn.Module]:
    """Ours and mmdet's as the function, with the same weights."""
    ours, theirs = peers.build_detectors('cpu')
    return _network(ours), MMDetNetwork(theirs, size)


def torchvision_pair(size: tuple[int, int]) -> tuple[nn.Module, nn.Module]:
    """Ours under torchvision's rules and torchvision's, with the same weights."""
    ours = peers.build(peers_torchvision.our_config(), 'cpu')
    return _network(ours), TorchvisionNetwork(peers_torchvision.twin(ours, 'cpu'), size)


PAIRS = dict(mmdet=mmdet_pair, torchvision=torchvision_pair)


def _network(detector: nn.Module) -> ExportNetwork:
    detector.bbox_head.test_cfg = ConfigDict({**detector.bbox_head.test_cfg, **ALL_PAIRS})
    return ExportNetwork(detector.eval(), 'decoded')


def runner(network: nn.Module, images: np.ndarray, device: str) -> Callable[[], list[Tensor]]:
    """Export a network and return a function that runs the file.

    Args:
        network: ours, an ``ExportNetwork``, or a peer's.
        images: (B, 3, H, W) float32.
        device: ``'cpu'``, or ``'cuda'`` for onnxruntime's CUDA provider.

    Raises:
        NotAvailable: a package is missing, or onnxruntime has no such provider.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'network.onnx'
        try:
            export(network, images, path)
        except (UserError, ImportError, torch.onnx.errors.OnnxExporterError) as error:
            raise NotAvailable(f'no ONNX: {error}') from error
        session = open_session(path, device)

    def run() -> list[Tensor]:
        return [torch.from_numpy(one) for one in session.run(list(OUTPUTS), dict(images=images))]

    return run


def export(network: nn.Module, images: np.ndarray, path: Path) -> None:
    """Write a network as ONNX for the shape of some images, ours and a peer's alike."""
    if isinstance(network, ExportNetwork):
        write_onnx(network, path, info=info_of(images.shape))
        return
    torch.onnx.export(network.eval(), (torch.from_numpy(images), ), str(path), dynamo=True,
                      opset_version=OPSET, input_names=['images'], output_names=list(OUTPUTS),
                      external_data=False, verbose=False)


def open_session(path: Path, device: str):
    """A session of onnxruntime with torch's number of threads.

    Raises:
        NotAvailable: onnxruntime is missing, or has no provider for the device.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise NotAvailable(str(error)) from error
    provider = dict(cpu='CPUExecutionProvider', cuda='CUDAExecutionProvider')[device]
    if provider not in onnxruntime.get_available_providers():
        raise NotAvailable(f'onnxruntime has no {provider}: install onnxruntime-gpu')
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(str(path), options, providers=[provider])


def info_of(shape: Sequence[int]) -> ModelInfo:
    """The metadata of ours: only the shape counts here."""
    batch, _, height, width = shape
    return ModelInfo(
        version='benchmark', mode='decoded', precision='fp32', classes=('object', ),
        category_ids=(1, ), thresholds=(0.3, ), threshold_note='0.3', shape=(batch, height, width),
        preprocessing=Preprocessing(
            scale=(width, height), keep_ratio=True, channels='bgr', mean=(0, 0, 0),
            std=(1, 1, 1), pad_divisor=32, pad_value=0),
        postprocessing=Postprocessing(
            score_thr=0, nms_pre=-1, iou_threshold=0.6, max_per_img=100, clip='before_nms',
            min_bbox_size=-1, extra=0, strides=(8, 16, 32, 64, 128)))
