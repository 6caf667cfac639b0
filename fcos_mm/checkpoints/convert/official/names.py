"""Names of the weights of the released code, and what they are called here."""
from fcos_mm.checkpoints.convert.renaming import Rule

BODY = 'backbone.body.'
HEAD = 'rpn.head.'
#: The second convolution of a block, if it is deformable.
OFFSET = 'conv2.offset.weight'

# Of each group of MobileNetV2: number of blocks.
_MOBILENET_GROUPS = (1, 2, 3, 4, 3, 3, 1)
_EXPAND, _DEPTHWISE, _LINEAR = 'expand_conv', 'depthwise_conv', 'linear_conv'
_LAST_LAYERS = (('cls_logits', 'conv_cls'), ('bbox_pred', 'conv_reg'),
                ('centerness', 'conv_centerness'))


def naming(convs: int) -> list[Rule]:
    """Rules for :func:`rename`.

    Args:
        convs: Number of convolutions in each tower.
    """
    return [*_resnet(), *_mobilenet(), *_fpn(), *_towers(convs),
            *((rf'rpn\.head\.{theirs}\.(weight|bias)', rf'bbox_head.{ours}.\1')
              for theirs, ours in _LAST_LAYERS),
            (r'rpn\.head\.scales\.(\d+)\.scale', r'bbox_head.scales.\1.scale')]


def _resnet() -> list[Rule]:
    body, block = r'backbone\.body', r'(layer\d\.\d+)'
    return [
        (rf'{body}\.stem\.(conv1\.weight|bn1\.\w+)', r'backbone.\1'),
        (rf'{body}\.{block}\.conv2\.conv\.weight', r'backbone.\1.conv2.weight'),
        (rf'{body}\.{block}\.conv2\.offset\.(weight|bias)', r'backbone.\1.conv2.conv_offset.\2'),
        (rf'{body}\.{block}\.(conv\d\.weight|bn\d\.\w+|downsample\.\d\.\w+)', r'backbone.\1.\2')]


def _mobilenet() -> list[Rule]:
    """Blocks are numbered through; each has convolutions at 0, 3 and 6, its norms behind them."""
    rules = [(r'backbone\.body\.features\.0\.0\.weight', 'backbone.conv1.conv.weight'),
             (r'backbone\.body\.features\.0\.1\.(\w+)', r'backbone.conv1.bn.\1')]
    number = 0
    for group, blocks in enumerate(_MOBILENET_GROUPS, start=1):
        for block in range(blocks):
            number += 1
            layers = (_DEPTHWISE, _LINEAR) if number == 1 else (_EXPAND, _DEPTHWISE, _LINEAR)
            for place, layer in enumerate(layers):
                theirs = rf'backbone\.body\.features\.{number}\.conv'
                ours = f'backbone.layer{group}.{block}.{layer}'
                rules += [(rf'{theirs}\.{3 * place}\.weight', f'{ours}.conv.weight'),
                          (rf'{theirs}\.{3 * place + 1}\.(\w+)', rf'{ours}.bn.\1')]
    return rules


def _fpn() -> list[Rule]:
    rules = []
    for level in range(3):  # C3, C4, C5 are numbers 2, 3, 4
        for theirs, ours in (('inner', 'lateral'), ('layer', 'fpn')):
            rules.append((rf'backbone\.fpn\.fpn_{theirs}{level + 2}\.(weight|bias)',
                          rf'neck.{ours}_convs.{level}.conv.\1'))
    for place, name in enumerate(('p6', 'p7'), start=3):
        rules.append((rf'backbone\.fpn\.top_blocks\.{name}\.(weight|bias)',
                      rf'neck.fpn_convs.{place}.conv.\1'))
    return rules


def _towers(convs: int) -> list[Rule]:
    """A tower is convolution, norm, ReLU, again and again; the convolution may be deformable."""
    rules = []
    for theirs, ours in (('cls_tower', 'cls_convs'), ('bbox_tower', 'reg_convs')):
        for number in range(convs):
            conv, norm = (rf'rpn\.head\.{theirs}\.{3 * number + place}' for place in (0, 1))
            layer = f'bbox_head.{ours}.{number}'
            rules += [(rf'{conv}\.(?:conv\.)?(weight|bias)', rf'{layer}.conv.\1'),
                      (rf'{conv}\.offset\.(weight|bias)', rf'{layer}.conv.conv_offset.\1'),
                      (rf'{norm}\.(weight|bias)', rf'{layer}.gn.\1')]
    return rules
