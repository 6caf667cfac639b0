"""The training pipeline of one worker, from JPEG files to packed samples (against mmdet's).

Both read, resize, flip and pack the same images with the same random numbers and
must give the same tensors and boxes.
"""
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from harness.case import Case, NotAvailable
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope

import fcos_mm  # noqa: F401  (registers its transforms)

IMAGES = 32
SIZE = (640, 480)  # width, height of the files, COCO's most frequent
SCALES = ((1333, 800), (320, 240))


def cases(*, device: str, against: Sequence[str]) -> Iterator[Case]:
    """Yield one case for each size at which the network sees the images."""
    if device != 'cpu':
        raise NotAvailable('images are read on the CPU')
    with tempfile.TemporaryDirectory() as folder:
        samples = list(make_samples(Path(folder)))
        for scale in SCALES:
            yield Case(
                f'{IMAGES} images, {SIZE[0]}x{SIZE[1]} to {scale[0]}x{scale[1]}',
                ours=loader('fcos_mm', scale, samples),
                peers={'mmdet': loader('mmdet', scale, samples)} if 'mmdet' in against else {},
                same=same,
                columns=dict(images=IMAGES))


def loader(scope: str, scale: tuple[int, int], samples: list[dict]) -> Callable[[], list[dict]]:
    """A function that puts every sample through the training pipeline.

    Args:
        scope: whose transforms the plain names mean, ``'fcos_mm'`` or ``'mmdet'``.
        scale: longer and shorter side at most.
        samples: what a dataset hands to its pipeline.
    """
    with DefaultScope.overwrite_default_scope(scope):
        pipeline = Compose([
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True),
            dict(type='Resize', scale=scale, keep_ratio=True),
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackDetInputs')])

    def run() -> list[dict]:
        threads = torch.get_num_threads(), cv2.getNumThreads()
        torch.set_num_threads(1)
        cv2.setNumThreads(0)  # as in the workers of a data loader
        np.random.seed(0)
        try:
            return [pipeline(dict(sample)) for sample in samples]
        finally:
            torch.set_num_threads(threads[0])
            cv2.setNumThreads(threads[1])

    return run


def make_samples(folder: Path) -> Iterator[dict]:
    """Write images with coarse and fine structure; yield what a dataset says of them."""
    random = np.random.default_rng(0)
    width, height = SIZE
    for index in range(IMAGES):
        pixels = sum(
            cv2.resize(random.uniform(-1, 1, (height // cell, width // cell, 3)), SIZE,
                       interpolation=cv2.INTER_CUBIC) * 12 * cell**0.5
            for cell in (2, 8, 32))
        path = folder / f'{index}.jpg'
        cv2.imwrite(str(path), np.clip(pixels + 128, 0, 255).astype(np.uint8))
        corners = random.uniform(0, (width / 2, height / 2), (7, 2))
        boxes = np.concatenate([corners, corners + random.uniform(10, 200, (7, 2))], axis=1)
        yield dict(img_path=str(path), img_id=index, height=height, width=width, instances=[
            dict(bbox=box, bbox_label=index % 80, ignore_flag=0) for box in boxes.tolist()])


def same(here: list[dict], there: list[dict]) -> str:
    """Compare images and boxes, bit by bit."""
    for index, (mine, theirs) in enumerate(zip(here, there, strict=True)):
        if not torch.equal(mine['inputs'], theirs['inputs']):
            return f'image {index}: the images differ'
        boxes = [packed['data_samples'].gt_instances.bboxes for packed in (mine, theirs)]
        boxes = [getattr(box, 'tensor', box) for box in boxes]
        if not torch.equal(*boxes):
            return f'image {index}: the boxes differ'
    return ''
