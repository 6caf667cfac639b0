"""The summary and the chapter on the run."""
from dataclasses import replace

from fcos_mm.report.chapters.run import run
from fcos_mm.report.chapters.summary import small_boxes, summary

SMALL, LARGE = (2, 2, 20, 20), (30, 10, 40, 40)


def test_summary(results_of, inputs_of):
    """Of two boxes and a crowd one is found; the second detection is wrong."""
    results = replace(
        results_of([(0, 0, SMALL), (1, 1, LARGE), (1, 0, SMALL, 1)],
                   [(0, 0, SMALL, .9), (0, 1, LARGE, .2), (1, 0, SMALL, .95)]),
        metrics={'coco/bbox_mAP': .5, 'coco/bbox_mAP_50': .625, 'coco/bbox_mAP_s': -1.})
    numbers = summary(inputs_of(results), {'run': dict(
        classes=[['cup', 5]], splits=[['val', 2, 5]])}).numbers
    assert (numbers['images'], numbers['boxes'], numbers['detections']) == (2, 2, 3)
    assert numbers['precision'] == {'AP': .5, 'AP50': .625, 'AP75': None, 'AP small': None,
                                    'AP medium': None, 'AP large': None}
    assert numbers['best'] == dict(threshold=.9, f1=2 / 3, precision=1, recall=.5)
    assert any('fewer than 20 boxes of cup' in hint for hint in numbers['hints'])


def test_small_boxes(results_of):
    """One of the two boxes of 20 x 20 pixels is found; those of 40 x 40 all are."""
    boxes = [(0, 0, SMALL), (1, 0, SMALL), (0, 1, LARGE), (1, 1, LARGE), (1, 2, LARGE)]
    found = [(*box, .9) for box in boxes if box != (1, 0, SMALL)]
    assert small_boxes(results_of(boxes, found)) == dict(
        side=24, boxes=2, missed=1, other_boxes=3, other_missed=0)


def test_the_side_that_tells_best(results_of):
    """Below 48 pixels more boxes are missed than below 24, but no larger a share than above."""
    truth = [(0, 0, SMALL), *[(image, 1, LARGE) for image in range(4)], (0, 2, (0, 0, 80, 60))]
    found = [(*truth[place], .9) for place in (1, 2)]
    assert small_boxes(results_of(truth, found, images=4))['side'] == 24


def test_boxes_of_one_size(results_of):
    assert small_boxes(results_of([(0, 0, LARGE)], [])) == dict(side=None)


def test_run(results_of, inputs_of):
    data = dict(train=dict(images=4, boxes=8, classes=dict(cup=5, jar=3, box=0)),
                val=dict(images=2, boxes=2, classes=dict(cup=1, jar=1, box=0)))
    inputs = replace(inputs_of(results_of([], [])), data=data, config='a = 1', run=dict(a='b'))
    assert run(inputs).numbers == dict(
        facts=dict(a='b'), config='a = 1', splits=[['train', 4, 8], ['val', 2, 2]],
        classes=[['cup', 5, 1], ['jar', 3, 1], ['box', 0, 0]])
