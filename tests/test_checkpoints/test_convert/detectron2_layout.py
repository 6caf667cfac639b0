"""Names and shapes of the weights of AdelaiDet's and detectron2's FCOS."""
from collections.abc import Sequence

Shapes = dict[str, tuple[int, ...]]

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
_NONE = (False, False, False, False)


def norm(name: str, channels: int, counted: bool = False) -> Shapes:
    """Batch normalisation, frozen or trained (``counted``)."""
    kinds = ('weight', 'bias', 'running_mean', 'running_var')
    shapes = {f'{name}.{kind}': (channels, ) for kind in kinds}
    return {**shapes, f'{name}.num_batches_tracked': ()} if counted else shapes


def conv(name: str, made: int, given: int, side: int, bias: bool = True) -> Shapes:
    shapes = {f'{name}.weight': (made, given, side, side)}
    return {**shapes, f'{name}.bias': (made, )} if bias else shapes


def resnet(depth: int = 50, *, stem: int = 64, res2: int = 256, groups: int = 1, width: int = 64,
           dcn: Sequence[bool] = _NONE, trained: bool = False) -> Shapes:
    """detectron2's ResNet; ``trained``: its normalisation counted batches."""
    body = 'backbone.bottom_up'
    shapes = conv(f'{body}.stem.conv1', stem, 3, 7, bias=False)
    shapes |= norm(f'{body}.stem.conv1.norm', stem, trained)
    given = stem
    for stage, blocks in enumerate(BLOCKS[depth]):
        inner, made = groups * width << stage, res2 << stage
        for block in range(blocks):
            name = f'{body}.res{stage + 2}.{block}'
            convs = [(inner, given, 1), (inner, inner // groups, 3), (made, inner, 1)]
            if depth < 50:
                convs = [(made, given, 3), (made, made, 3)]
            if given != made:
                convs.append((made, given, 1))
            for number, shape in enumerate(convs, start=1):
                is_shortcut = number == len(convs) and given != made
                layer = f'{name}.shortcut' if is_shortcut else f'{name}.conv{number}'
                shapes |= conv(layer, *shape, bias=False) | norm(f'{layer}.norm', made if (
                    shape[0] == made) else inner, trained)
            if dcn[stage]:
                shapes |= conv(f'{name}.conv2_offset', 27, inner, 3)
            given = made
    return shapes


def dla34() -> Shapes:
    """DLA-34 with all its batch normalisation trained."""
    body = 'backbone.bottom_up'
    shapes = {}
    for name, made, given, side in (('base_layer', 16, 3, 7), ('level0', 16, 16, 3),
                                    ('level1', 32, 16, 3)):
        shapes |= conv(f'{body}.{name}.0', made, given, side, bias=False)
        shapes |= norm(f'{body}.{name}.1', made, True)
    for level, height in ((2, 1), (3, 2), (4, 2), (5, 1)):
        given, made = 16 << level - 1, 16 << level
        shapes |= _tree(f'{body}.level{level}', height, given, made, given if level > 2 else 0)
    return shapes


def _tree(name: str, height: int, given: int, made: int, more: int = 0) -> Shapes:
    """``more``: channels of what the root gets beside the two subtrees."""
    shapes = {}
    if height > 1:
        shapes |= _tree(f'{name}.tree1', height - 1, given, made)
        shapes |= _tree(f'{name}.tree2', height - 1, made, made, more + made)
    else:
        for tree, first in (('tree1', given), ('tree2', made)):
            for number, channels in ((1, first), (2, made)):
                shapes |= conv(f'{name}.{tree}.conv{number}', made, channels, 3, bias=False)
                shapes |= norm(f'{name}.{tree}.bn{number}', made, True)
        shapes |= conv(f'{name}.root.conv', made, 2 * made + more, 1, bias=False)
        shapes |= norm(f'{name}.root.bn', made, True)
    if given != made:
        shapes |= conv(f'{name}.project.0', made, given, 1, bias=False)
        shapes |= norm(f'{name}.project.1', made, True)
    return shapes


def fpn(last: Sequence[int], channels: int = 256, top: bool = True) -> Shapes:
    """``last``: channels of C3 to C5."""
    shapes = {}
    for level, given in enumerate(last, start=3):
        shapes |= conv(f'backbone.fpn_lateral{level}', channels, given, 1)
        shapes |= conv(f'backbone.fpn_output{level}', channels, channels, 3)
    for level in (6, 7) if top else ():
        shapes |= conv(f'backbone.top_block.p{level}', channels, channels, 3)
    return shapes


def tower(name: str, convs: int, channels: int, kind: str, levels: int = 5,
          deformable: bool = False) -> Shapes:
    shapes = {}
    for number in range(convs):
        layer = f'{name}.{3 * number}'
        if deformable and number == convs - 1:
            shapes |= conv(f'{layer}.offset', 27, channels, 3)
            layer = f'{layer}.conv'
        shapes |= conv(layer, channels, channels, 3)
        behind = f'{name}.{3 * number + 1}'
        if kind == 'GN':
            shapes |= {f'{behind}.weight': (channels, ), f'{behind}.bias': (channels, )}
        for level in range(levels) if kind == 'BN' else ():
            shapes |= norm(f'{behind}.{level}', channels, True)
    return shapes


def adelaidet(backbone: Shapes, last: Sequence[int] = (512, 1024, 2048), *, channels: int = 256,
              classes: int = 80, levels: int = 5, convs: int = 4, shared: int = 0,
              kind: str = 'GN', deformable: bool = False) -> Shapes:
    """A detector of AdelaiDet."""
    head = 'proposal_generator.fcos_head'
    return {
        **backbone, **fpn(last, channels, top=levels == 5),
        **tower(f'{head}.cls_tower', convs, channels, kind, levels, deformable),
        **tower(f'{head}.bbox_tower', convs, channels, kind, levels, deformable),
        **tower(f'{head}.share_tower', shared, channels, kind, levels),
        **conv(f'{head}.cls_logits', classes, channels, 3),
        **conv(f'{head}.bbox_pred', 4, channels, 3), **conv(f'{head}.ctrness', 1, channels, 3),
        **{f'{head}.scales.{level}.scale': (1, ) for level in range(levels)}}


def detectron2(backbone: Shapes, last: Sequence[int] = (512, 1024, 2048), *, channels: int = 256,
               classes: int = 80) -> Shapes:
    """A detector of detectron2."""
    return {
        **backbone, **fpn(last, channels),
        **tower('head.cls_subnet', 4, channels, 'GN'),
        **tower('head.bbox_subnet', 4, channels, 'GN'),
        **conv('head.cls_score', classes, channels, 3),
        **conv('head.bbox_pred', 4, channels, 3), **conv('head.ctrness', 1, channels, 3)}
