"""Which operators are layers."""
from fcos_mm.export.low_precision.parts import Operator, parts_of

CHAIN = {
    'first': Operator('Conv', ('', '')),
    'relu': Operator('Relu', ('first', )),
    'class': Operator('Conv', ('relu', '')),
    'distances': Operator('Conv', ('relu', '')),
    'scale': Operator('Mul', ('distances', '')),
    'exp': Operator('Exp', ('scale', )),
    'nms': Operator('NonMaxSuppression', ('exp', 'class')),
}


def test_predictors_and_what_follows():
    parts = parts_of(CHAIN)
    assert parts.predictors == ['class', 'distances']
    assert parts.after == ['scale', 'exp', 'nms']
    assert parts.sampling == []


def test_where_a_deformable_convolution_reads():
    graph = {
        'first': Operator('Convolution', ('', '')),
        'offset': Operator('Convolution', ('first', '')),
        'half': Operator('Split', ('offset', '')),
        'points': Operator('Add', ('half', '')),
        'mask': Operator('Sigmoid', ('half', )),
        'read': Operator('GridSample', ('first', 'points')),
        'weigh': Operator('Mul', ('read', 'mask')),
        'deformed': Operator('Convolution', ('weigh', '')),
    }
    parts = parts_of(graph)
    assert parts.predictors == ['deformed'] and parts.after == []
    assert parts.sampling == ['half', 'points', 'read']
