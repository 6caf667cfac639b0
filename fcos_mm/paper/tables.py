"""The paper's tables: their rows, how a row is measured, and the paper's numbers.

Numbers are in percent unless a column says otherwise. ``None`` is a number that the paper does
not give. Imports nothing heavy: the command line reads the names.
"""
from typing import NamedTuple

SCALES = ('full', 'small', 'tiny')
_BOX = ('AP', 'AP50', 'AP75', 'AP_S', 'AP_M', 'AP_L')
_RECALL = ('AR_1', 'AR_10', 'AR_100')


class Row(NamedTuple):
    """A row of a table."""
    label: str  # what the paper calls it
    measured: str  # key of ``experiments.TESTS``, or a count on annotations
    paper: tuple[float | None, ...]  # the paper's numbers in the order of the columns
    words: tuple[str, ...] = ()  # cells of the text columns


class Order(NamedTuple):
    """A conclusion of the paper: one row is better than another in a column."""
    better: str  # label of a row
    worse: str
    column: str
    of_paper: bool = True  # False for a comparison that the paper does not make


class Table(NamedTuple):
    """A table of the paper.

    ``measure`` is a key of ``measures.MEASURES``, or, on annotations, recall or ambiguity.
    """
    title: str
    measure: str
    columns: tuple[str, ...]  # of numbers
    rows: tuple[Row, ...]
    order: tuple[Order, ...] = ()  # the paper's conclusions
    words: tuple[str, ...] = ()  # text columns
    main: tuple[str, ...] = ('AP', )  # columns, in percent, of the bar chart


_NONE_ROW = (33.8, 54.5, 35.0, 20.6, 38.1, 43.2)
_LEARNED_ROW = (36.6, 56.0, 38.9, 20.9, 40.3, 47.2)
_UNKNOWN = (None, ) * 5

_NOT_OF_PAPER = (None, ) * 6

_RETINANET = 'RetinaNet'
_RETINANET_GN = 'RetinaNet w/ GN'
_RANKED = '{}, separate center-ness network'
_FCOS_C5 = 'FCOS, C5'
_FCOS_P5 = 'FCOS, P5'

TABLES: dict[str, Table] = {
    'table1': Table(
        'Table 1: best possible recall', 'recall', ('BPR', ),
        (Row('RetinaNet', 'retinanet:none', (86.82, ), ('yes', 'none')),
         Row('RetinaNet, >= 0.4', 'retinanet:>= 0.4', (90.92, ), ('yes', '>= 0.4')),
         Row('RetinaNet, all', 'retinanet:all', (99.23, ), ('yes', 'all')),
         Row('FCOS, P4', 'fcos_p4', (95.55, ), ('no', '-')),
         Row('FCOS, FPN', 'fcos', (98.40, ), ('yes', '-'))),
        order=(Order('RetinaNet, all', 'FCOS, FPN', 'BPR'), Order('FCOS, FPN', 'FCOS, P4', 'BPR'),
               Order('FCOS, P4', 'RetinaNet, >= 0.4', 'BPR'),
               Order('RetinaNet, >= 0.4', 'RetinaNet', 'BPR')),
        words=('w/ FPN', 'low-quality matches'), main=('BPR', )),
    'table2': Table(
        'Table 2: ambiguous samples', 'ambiguity', ('ambiguous', 'ambiguous, other class'),
        (Row('FPN', 'fcos', (7.14, 3.75), ('yes', )),
         Row('P4', 'fcos_p4', (23.16, 17.84), ('no', )),
         Row('detections, FPN', 'detections:fcos', (2.3, 1.5), ('yes', ))),
        order=(Order('P4', 'FPN', 'ambiguous'), Order('P4', 'FPN', 'ambiguous, other class'),
               Order('FPN', 'detections, FPN', 'ambiguous')),
        words=('w/ FPN', ), main=('ambiguous', 'ambiguous, other class')),
    'table3': Table(
        'Table 3: with and without multi-level prediction (no center-ness)', 'boxes', _BOX,
        (Row('P4', 'fcos_p4', (18.5, 34.2, 18.0, 5.5, 20.7, 30.6), ('no', )),
         Row('FPN', 'fcos_no-centerness', _NONE_ROW, ('yes', ))),
        order=(Order('FPN', 'P4', 'AP'), ), words=('w/ FPN', )),
    'table4': Table(
        'Table 4: FCOS and RetinaNet', 'samples_memory_boxes',
        ('samples (k)', 'memory (GB)') + _BOX + _RECALL,
        (Row(_RETINANET, 'retinanet',
             (180, 54.4, 35.7, 54.7, 38.5, 19.5, 39.9, 47.5, 30.7, 49.1, 52.0), ('C5', )),
         Row(_RETINANET_GN, 'retinanet_gn',
             (180, 54.8, 36.1, 56.3, 38.9, 20.6, 40.5, 47.5, 31.1, 49.4, 52.5), ('C5', )),
         Row(_FCOS_C5, 'fcos_c5',
             (20, 29.5, 36.4, 55.7, 38.7, 20.7, 40.2, 48.0, 31.6, 50.1, 52.5), ('C5', )),
         Row(_FCOS_P5, 'fcos',
             (20, 29.3, 36.6, 56.0, 38.9, 20.9, 40.3, 47.2, 31.5, 50.0, 52.4), ('P5', )),
         *(Row(_RANKED.format(label), f'{name}:network', (None, ) * 11, ('C5', ))
           for label, name in ((_RETINANET, 'retinanet'), (_RETINANET_GN, 'retinanet_gn')))),
        order=(Order(_FCOS_P5, _FCOS_C5, 'AP'), Order(_FCOS_P5, _RETINANET_GN, 'AP'),
               Order(_FCOS_C5, _RETINANET_GN, 'AP'), Order(_RETINANET_GN, _RETINANET, 'AP'),
               Order(_RETINANET_GN, _FCOS_P5, 'memory (GB)'),
               *(Order(_RANKED.format(label), label, 'AP', of_paper=False)
                 for label in (_RETINANET, _RETINANET_GN))),
        words=('C5/P5', )),
    'table5': Table(
        'Table 5: center-ness', 'boxes', _BOX,
        (Row('none', 'fcos_no-centerness', _NONE_ROW),
         Row('none, at test only', 'fcos:none', _NOT_OF_PAPER),
         Row('from the predicted box', 'fcos:predicted_box', (33.1, 53.1, 34.3, 20.4, 36.9, 42.4)),
         Row('learned', 'fcos', _LEARNED_ROW),
         Row('learned, deeper branch', 'fcos_deep-centerness', (36.8, ) + _UNKNOWN),
         Row('oracle', 'fcos:oracle', (42.1, ) + _UNKNOWN),
         Row('oracle, at positive locations', 'fcos:oracle_of_positives', _NOT_OF_PAPER),
         Row('separate network', 'fcos_no-centerness:network', _NOT_OF_PAPER),
         Row('separate network, for the branch', 'fcos:network', _NOT_OF_PAPER)),
        order=(Order('learned', 'none', 'AP'), Order('none', 'from the predicted box', 'AP'),
               Order('oracle', 'learned', 'AP'),
               Order('oracle', 'learned, deeper branch', 'AP'),
               Order('learned, deeper branch', 'learned', 'AP'),
               Order('oracle, at positive locations', 'learned', 'AP', of_paper=False),
               Order('separate network', 'none', 'AP', of_paper=False),
               Order('separate network', 'learned', 'AP', of_paper=False),
               Order('separate network, for the branch', 'learned', 'AP', of_paper=False))),
    'table6': Table(
        'Table 6: FCOS and RetinaNet on images with overlapping boxes', 'overlapped',
        ('AP', 'AP50', 'AP75'),
        (Row(_RETINANET, 'retinanet', (33.7, 52.9, 36.2), ('C5', )),
         Row(_RETINANET_GN, 'retinanet_gn', (34.2, 54.4, 36.5), ('C5', )),
         Row(_FCOS_C5, 'fcos_c5', (34.4, 53.9, 36.1), ('C5', )),
         Row(_FCOS_P5, 'fcos', (34.7, 54.3, 36.6), ('P5', ))),
        order=(Order(_FCOS_P5, _RETINANET_GN, 'AP'), ), words=('C5/P5', )),
    'table7': Table(
        'Table 7: FCOS and other detectors', 'boxes', _BOX,
        (Row('Faster R-CNN w/ FPN', 'mmdet_faster-rcnn_r101',
             (36.2, 59.1, 39.0, 18.2, 39.0, 48.2), ('ResNet-101-FPN', )),
         Row('YOLOv2 (here YOLOv3)', 'mmdet_yolov3',
             (21.6, 44.0, 19.2, 5.0, 22.4, 35.5), ('DarkNet-19 (here 53)', )),
         Row('SSD513 (here SSD512)', 'mmdet_ssd512',
             (31.2, 50.4, 33.3, 10.2, 34.5, 49.8), ('ResNet-101 (here VGG-16)', )),
         Row('RetinaNet, R-101', 'mmdet_retinanet_r101',
             (39.1, 59.1, 42.3, 21.8, 42.7, 50.2), ('ResNet-101-FPN', )),
         Row('RetinaNet, X-101', 'mmdet_retinanet_x101',
             (40.8, 61.1, 44.1, 24.1, 44.2, 51.2), ('ResNeXt-32x8d-101-FPN (here 32x4d)', )),
         Row('CornerNet', 'mmdet_cornernet',
             (40.5, 56.5, 43.1, 19.4, 42.7, 53.9), ('Hourglass-104', )),
         Row('FCOS, R-101', 'fcos_r101',
             (41.0, 60.7, 44.1, 24.0, 44.1, 51.0), ('ResNet-101-FPN', )),
         Row('FCOS, X-101', 'fcos_x101',
             (42.1, 62.1, 45.2, 25.6, 44.9, 52.0), ('ResNeXt-32x8d-101-FPN', ))),
        order=(Order('FCOS, R-101', 'RetinaNet, R-101', 'AP'),
               Order('FCOS, X-101', 'RetinaNet, X-101', 'AP')),
        words=('backbone', )),
    'table8': Table(
        'Table 8: FCOS as region proposal network', 'proposals',
        # AR_10 is not in the paper: where objects are few, 100 proposals hold them all.
        ('samples (k)', 'AR_10', 'AR_100', 'AR_1000', 'Faster R-CNN AP'),
        (Row('RPN w/ FPN', 'rpn', (200, None, 43.3, 56.9, None)),
         Row('RPN w/ FPN & GN', 'rpn_gn', (200, None, 44.7, 56.9, None)),
         Row('FCOS w/o center-ness', 'fcos-rpn_no-centerness', (66, None, 48.0, 59.3, None)),
         Row('FCOS', 'fcos-rpn', (66, None, 52.8, 60.3, None))),
        order=(Order('FCOS', 'FCOS w/o center-ness', 'AR_100'),
               Order('FCOS w/o center-ness', 'RPN w/ FPN & GN', 'AR_100'),
               Order('RPN w/ FPN & GN', 'RPN w/ FPN', 'AR_100'),
               Order('FCOS', 'RPN w/ FPN & GN', 'AR_1000'),
               Order('FCOS', 'RPN w/ FPN', 'Faster R-CNN AP', of_paper=False)),
        main=('AR_10', 'AR_100', 'AR_1000')),
    'table9': Table(
        'Table 9: class-agnostic', 'class_agnostic', ('AP', 'AP50', 'AP75', 'AP90'),
        (Row(_RETINANET, 'retinanet', (39.5, 63.6, 41.8, 10.6)),
         Row(_RETINANET_GN, 'retinanet_gn', (40.0, 64.5, 42.2, 10.4)),
         Row('FCOS', 'fcos', (40.5, 64.7, 42.6, 13.1))),
        order=(Order('FCOS', _RETINANET_GN, 'AP'), Order('FCOS', _RETINANET_GN, 'AP90')),
        main=('AP', 'AP90')),
}

#: Faster R-CNN on the proposals of a row of Table 8.
ON_TOP = {'rpn': 'faster-rcnn', 'fcos-rpn': 'faster-rcnn_fcos-rpn'}

NAMES = (*TABLES, *(f'figure{number}' for number in range(3, 9)))
