"""Names and shapes of the weights that the released code writes, and numbers for them.

The golden files in ``tests/golden/official`` were made with weights of :func:`seeded`.
"""
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

Shapes = dict[str, tuple[int, ...]]

_BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
_NO_DCN = (False, False, False, False)
# Of each group of blocks: expansion, channels, blocks.
_MOBILENET = ((1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3),
              (6, 320, 1))


def detector(*, depth: int | None = 50, groups: int = 1, width: int = 64, res2: int = 256,
             stem: int = 64, dcn: Sequence[bool] = _NO_DCN, tower_dcn: bool = False,
             channels: int = 256, classes: int = 80, convs: int = 4, c5: bool = False) -> Shapes:
    """All weights of a detector; with ``depth`` None on MobileNetV2."""
    if depth is None:
        backbone, last = _mobilenet(), (32, 96, 320)
    else:
        backbone = _resnet(depth, groups, width, res2, stem, dcn)
        last = (2 * res2, 4 * res2, 8 * res2)
    return {**backbone, **_fpn(last, channels, c5), **_head(channels, classes, convs, tower_dcn)}


def _norm(name: str, channels: int, frozen: bool = True) -> Shapes:
    kinds = ('weight', 'bias', 'running_mean', 'running_var')
    shapes = {f'{name}.{kind}': (channels, ) for kind in kinds}
    return shapes if frozen else {**shapes, f'{name}.num_batches_tracked': ()}


def _deformable(name: str, given: int, made: int, groups: int = 1, bias: bool = False) -> Shapes:
    shapes = {f'{name}.offset.weight': (27, given, 3, 3), f'{name}.offset.bias': (27, ),
              f'{name}.conv.weight': (made, given // groups, 3, 3)}
    return {**shapes, f'{name}.conv.bias': (made, )} if bias else shapes


def _resnet(depth, groups, width, res2, stem, dcn) -> Shapes:
    body = 'backbone.body'
    shapes = {f'{body}.stem.conv1.weight': (stem, 3, 7, 7), **_norm(f'{body}.stem.bn1', stem)}
    given = stem
    for stage, blocks in enumerate(_BLOCKS[depth]):
        inner, made = groups * width << stage, res2 << stage
        for block in range(blocks):
            name = f'{body}.layer{stage + 1}.{block}'
            if block == 0:
                shapes[f'{name}.downsample.0.weight'] = (made, given, 1, 1)
                shapes.update(_norm(f'{name}.downsample.1', made))
            shapes[f'{name}.conv1.weight'] = (inner, given, 1, 1)
            if dcn[stage]:
                shapes.update(_deformable(f'{name}.conv2', inner, inner, groups))
            else:
                shapes[f'{name}.conv2.weight'] = (inner, inner // groups, 3, 3)
            shapes[f'{name}.conv3.weight'] = (made, inner, 1, 1)
            for number, channels in ((1, inner), (2, inner), (3, made)):
                shapes.update(_norm(f'{name}.bn{number}', channels))
            given = made
    return shapes


def _mobilenet() -> Shapes:
    body = 'backbone.body.features'
    shapes = {f'{body}.0.0.weight': (32, 3, 3, 3), **_norm(f'{body}.0.1', 32, frozen=False)}
    given, number = 32, 0
    for expansion, made, blocks in _MOBILENET:
        for _ in range(blocks):
            number += 1
            inner, name = given * expansion, f'{body}.{number}.conv'
            layers = [(inner, 1, 3), (made, inner, 1)]
            if expansion > 1:
                layers.insert(0, (inner, given, 1))
            for place, (out, per_group, side) in enumerate(layers):
                last = place == len(layers) - 1  # the others are followed by ReLU6, at 2 and 5
                norm = 3 * place + 1
                shapes[f'{name}.{norm - 1}.weight'] = (out, per_group, side, side)
                shapes.update(_norm(f'{name}.{norm}', made if last else inner, frozen=False))
            given = made
    return shapes


def _conv(name: str, given: int, made: int, side: int = 3) -> Shapes:
    return {f'{name}.weight': (made, given, side, side), f'{name}.bias': (made, )}


def _fpn(last: Sequence[int], channels: int, c5: bool) -> Shapes:
    shapes = {}
    for number, given in enumerate(last, start=2):
        shapes.update(_conv(f'backbone.fpn.fpn_inner{number}', given, channels, 1))
        shapes.update(_conv(f'backbone.fpn.fpn_layer{number}', channels, channels))
    shapes.update(_conv('backbone.fpn.top_blocks.p6', last[-1] if c5 else channels, channels))
    return {**shapes, **_conv('backbone.fpn.top_blocks.p7', channels, channels)}


def _head(channels: int, classes: int, convs: int, dcn: bool) -> Shapes:
    shapes = {}
    for tower in ('cls_tower', 'bbox_tower'):
        for number in range(convs):
            name = f'rpn.head.{tower}.{3 * number}'
            if dcn and number == convs - 1:
                shapes.update(_deformable(name, channels, channels, bias=True))
            else:
                shapes.update(_conv(name, channels, channels))
            norm = f'rpn.head.{tower}.{3 * number + 1}'
            shapes.update({f'{norm}.weight': (channels, ), f'{norm}.bias': (channels, )})
    for name, made in (('cls_logits', classes), ('bbox_pred', 4), ('centerness', 1)):
        shapes.update(_conv(f'rpn.head.{name}', channels, made))
    return {**shapes, **{f'rpn.head.scales.{level}.scale': (1, ) for level in range(5)}}


def seeded(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Weights from the names alone, with which a detector finds boxes of all sizes."""
    return {name: torch.from_numpy(np.array(_numbers(name, shape))) for name, shape in
            shapes.items()}


def _numbers(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers for one weight. ``RandomState`` yields the same in all versions of NumPy."""
    random = np.random.RandomState(zlib.crc32(name.encode()))
    kind = name.rpartition('.')[2]
    if kind == 'num_batches_tracked':
        return np.int64(7)
    if kind == 'scale':
        numbers = np.ones(1) + 0.4 * int(name.split('.')[-2])
    elif kind == 'running_var' or kind == 'weight' and len(shape) == 1:
        numbers = random.uniform(0.5, 1.5, shape)
    elif len(shape) == 1:
        numbers = 0.2 * random.standard_normal(shape)
    else:
        numbers = random.standard_normal(shape) * (1.4 / np.prod(shape[1:])**0.5)
    if name == 'rpn.head.cls_logits.weight':  # no class is likelier everywhere
        numbers = 2 * (numbers - numbers.mean(axis=(1, 2, 3), keepdims=True))
    return (numbers * _factor(name) + _shift(name)).astype(np.float32)


def _factor(name: str) -> float:
    first = ('stem.conv1.weight', 'features.0.0.weight')
    if name.endswith(first):
        return 0.02  # pixels go up to 255
    return 0.4 if name.endswith(('.bn3.weight', '.offset.weight')) else 1.


def _shift(name: str) -> float:
    return {'rpn.head.bbox_pred.bias': 3., 'rpn.head.cls_logits.bias': -4.}.get(name, 0.)


def picture(width: int, height: int, seed: int) -> np.ndarray:
    """A smooth picture (height, width, 3) of uint8 with some noise."""
    random = np.random.RandomState(seed)
    y, x = np.mgrid[:height, :width] / 20.
    planes = [np.sin(x * a + b) * np.cos(y * c + d) for a, b, c, d in
              random.uniform(0.3, 1.5, (3, 4))]
    smooth = 127 + 90 * np.stack(planes, axis=-1)
    noise = random.uniform(-25, 25, (height, width, 3))
    return np.clip(smooth + noise, 0, 255).astype(np.uint8)
