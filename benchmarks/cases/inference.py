"""One image of 800 x 1333 to its detections, R-50, end to end (against mmdet's FCOS).

From the uint8 image to boxes, with the same random weights. The bias of the
class scores is such that PAIRS pairs pass the threshold. Detections must be the
same: scores within 1e-4, sides within a thousandth of a pixel. As shipped ours
changes how the whole process allocates, so the peer runs in a process of its own
there and its memory is not measured. With --precision bf16 ours computes in
bfloat16, and nine in ten detections must be nearly the same.
"""
import atexit
import contextlib
import multiprocessing
from collections.abc import Callable, Iterator, Sequence

import peers
import torch
from harness.case import Case
from harness.same import same_detections, similar_detections
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from torch import nn

from fcos_mm.speed import prepare_for_inference

SIZE = (800, 1333)  # height, width; padded to 800 x 1344
PAIRS = 400

#: Cases on each device: options of ``prepare_for_inference``.
CPU = {  # what the first keeps as it is the second changes for good
    'memory returned': dict(keep_memory=False),
    'as shipped': dict(),
}
CUDA = {
    'as shipped': dict(),
    'compiled': dict(compile=dict(mode='reduce-overhead', fullgraph=True, dynamic=False)),
}


def cases(*, device: str, against: Sequence[str], precision: str = 'fp32') -> Iterator[Case]:
    """Yield the case of each way to run."""
    for name, options in (CPU if device == 'cpu' else CUDA).items():
        yield case(name, options, device, against, precision)


def case(name: str, options: dict, device: str, against: Sequence[str],
         precision: str = 'fp32') -> Case:
    """Build the case of one way to run."""
    apart = device == 'cpu' and options.get('keep_memory', True)
    ours, theirs = sparse_detectors(device)
    runs = {}
    if 'mmdet' in against:
        runs['mmdet'] = Apart(device) if apart else detection(theirs)
    ours = prepare_for_inference(ours, precision=precision, **options)
    same = same_detections if precision == 'fp32' else similar_detections
    return Case(f'batch 1, {SIZE[0]} x {SIZE[1]}, {precision}, {name}', ours=detection(ours),
                peers=runs, same=same, columns=dict(images=1, pairs=PAIRS))


def image_batch() -> dict:
    """A batch of one image as a data loader gives it."""
    pixels = torch.randint(256, (3, *SIZE), dtype=torch.uint8,
                           generator=torch.Generator().manual_seed(0))
    sample = DetDataSample(metainfo=dict(img_shape=SIZE, ori_shape=SIZE, scale_factor=(1., 1.)))
    return dict(inputs=[pixels], data_samples=[sample])


def detection(model: nn.Module) -> Callable[[], list]:
    """Return a function that detects in the image."""
    batch = image_batch()

    @torch.no_grad()
    def detect() -> list:
        return [sample.pred_instances for sample in model.test_step(batch)]

    return detect


@torch.no_grad()
def sparse_detectors(device: str) -> tuple[nn.Module, nn.Module]:
    """Ours and mmdet's with the same weights, of which PAIRS pairs pass 0.05."""
    torch.manual_seed(0)
    ours, theirs = (model.eval() for model in peers.build_detectors(device))
    head = ours.bbox_head
    head.conv_cls.weight.mul_(5)
    head.conv_reg.bias.fill_(3.)  # boxes of about 40 pixels
    inputs = ours.data_preprocessor(image_batch(), False)['inputs']
    logits = torch.cat([level.flatten() for level in head(ours.extract_feat(inputs))[0]])
    passing = logits.topk(PAIRS + 1).values[-1]
    head.conv_cls.bias.add_(torch.logit(torch.tensor(0.05)).item() - passing)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


class Apart:
    """mmdet's detector in a process of its own.

    Args:
        device: where it lives.
    """

    def __init__(self, device: str) -> None:
        context = multiprocessing.get_context('spawn')
        self.pipe, other = context.Pipe()
        self.process = context.Process(
            target=_serve, args=(other, device, torch.get_num_threads()), daemon=True)
        self.process.start()
        atexit.register(self.process.kill)

    def __call__(self) -> list:
        self.pipe.send('detect')
        return [
            InstanceData(**{name: torch.from_numpy(values) for name, values in image.items()})
            for image in self.pipe.recv()
        ]


def _serve(pipe, device: str, threads: int) -> None:
    torch.set_num_threads(threads)
    detect = detection(sparse_detectors(device)[1])
    with contextlib.suppress(EOFError):  # the other end is gone
        while pipe.recv() == 'detect':
            pipe.send([{name: values.cpu().numpy() for name, values in found.items()}
                       for found in detect()])
