"""Rows are measured from the detections in a run's folder."""
import json
import math

import pytest

from fcos_mm.atomic_file import write_json
from fcos_mm.datasets.shapes import make_shapes
from fcos_mm.errors import UserError
from fcos_mm.paper.measures import MEASURES, detections_from_ambiguous, memory_note
from fcos_mm.paper.runs import Run, Settings


@pytest.fixture(scope='module')
def settings(tmp_path_factory):
    root = tmp_path_factory.mktemp('shapes')
    make_shapes(str(root), counts=(2, 2, 4))
    return Settings(out=root / 'out', tools=root, scale='tiny', data_root=str(root))


def ground_truth(settings):
    with open(f'{settings.data_root}/annotations/test.json') as file:
        return json.load(file)


def finished(settings, name, experiment, boxes, numbers=None):
    """A test whose detections are the given ground-truth boxes."""
    test = Run(settings, experiment, test=name)
    test.folder.mkdir(parents=True, exist_ok=True)
    rows = [dict(image_id=box['image_id'], category_id=box['category_id'], bbox=box['bbox'],
                 score=0.9) for box in boxes]
    test.results.write_text(json.dumps(rows))
    write_json(numbers or {}, test.folder / 'finished.json')
    return test


def ordinary(content):
    return [box for box in content['annotations'] if not box['iscrowd']]


def test_perfect_detections_have_full_marks(settings):
    boxes = ordinary(ground_truth(settings))
    numbers = MEASURES['boxes'](finished(settings, 'fcos_c5', 'fcos_c5', boxes))
    assert numbers['AP'] == pytest.approx(100) and numbers['AR_100'] == pytest.approx(100)


def test_overlapped_counts_images_with_overlaps_only(settings):
    """Right where boxes overlap and wrong elsewhere is still perfect, and the other way round."""
    content = ground_truth(settings)
    by_image = {}
    for box in content['annotations']:
        by_image.setdefault(box['image_id'], []).append(box['bbox'])

    def overlap(boxes):
        return any(a is not b and a[0] < b[0] + b[2] and b[0] < a[0] + a[2]
                   and a[1] < b[1] + b[3] and b[1] < a[1] + a[3] for a in boxes for b in boxes)

    within = {image for image, boxes in by_image.items() if overlap(boxes)}
    assert within
    boxes = [box for box in ordinary(content) if box['image_id'] in within]
    numbers = MEASURES['overlapped'](finished(settings, 'retinanet', 'retinanet', boxes))
    assert numbers['AP'] == pytest.approx(100)
    others = [box for box in ordinary(content) if box['image_id'] not in within]
    numbers = MEASURES['overlapped'](finished(settings, 'retinanet_gn', 'retinanet_gn', others))
    assert numbers['AP'] == pytest.approx(0)


def test_proposals_need_no_right_category(settings):
    boxes = [dict(box, category_id=1) for box in ordinary(ground_truth(settings))]
    test = finished(settings, 'rpn', 'rpn', boxes)
    numbers = MEASURES['proposals'](test)
    assert numbers['AR_100'] == pytest.approx(100)
    # Strides 4 to 64 on 128 x 128, 3 anchors a location: 3 * (1024 + 256 + 64 + 16 + 4).
    assert numbers['samples (k)'] == pytest.approx(4.092)
    assert 'Faster R-CNN AP' not in numbers
    boxes = ordinary(ground_truth(settings))
    finished(settings, 'faster-rcnn', 'faster-rcnn', boxes)
    assert MEASURES['proposals'](test)['Faster R-CNN AP'] == pytest.approx(100)


def test_ten_proposals_an_image(settings):
    boxes = ordinary(ground_truth(settings))
    wrong = [dict(image_id=image, category_id=1, bbox=[0, 0, 1, 1])
             for image in {box['image_id'] for box in boxes} for _ in range(10)]  # come first
    numbers = MEASURES['proposals'](finished(settings, 'rpn_gn', 'rpn_gn', wrong + boxes))
    assert numbers['AR_10'] == pytest.approx(0)
    assert numbers['AR_100'] == pytest.approx(100)


def test_class_agnostic(settings):
    boxes = [dict(box, category_id=1) for box in ordinary(ground_truth(settings))]
    numbers = MEASURES['class_agnostic'](finished(settings, 'fcos', 'fcos', boxes))
    assert numbers == pytest.approx(dict(AP=100, AP50=100, AP75=100, AP90=100))


def test_samples_and_memory_need_no_training(settings):
    test = Run(settings, 'fcos_p4', 0, 'fcos_p4')
    numbers = MEASURES['samples_memory_boxes'](test)
    assert numbers['samples (k)'] == pytest.approx(0.064)  # 8 x 8 locations of stride 16
    assert numbers['memory (GB)'] > 0 and 'AP' not in numbers
    kept = json.loads((settings.out / 'memory' / 'fcos_p4' / 'memory.json').read_text())
    assert kept['image_size'] == [128, 128] and kept['batch_size'] == 8
    assert MEASURES['samples_memory_boxes'](test) == numbers
    other_seed = Run(settings, 'fcos_p4', 1, 'fcos_p4')
    assert MEASURES['samples_memory_boxes'](other_seed) == numbers, 'measured once for all seeds'


def test_memory_of_another_model_is_not_shown(settings):
    test = Run(settings, 'fcos_c5', 0, 'fcos_c5')
    MEASURES['samples_memory_boxes'](test)
    wider = settings._replace(options={'model.bbox_head.feat_channels': 128})
    with pytest.raises(UserError, match='(?s)memory/fcos_c5 holds .*other settings.*: model'):
        MEASURES['samples_memory_boxes'](Run(wider, 'fcos_c5', 0, 'fcos_c5'))


def test_share_of_ambiguous_detections_comes_from_the_test(settings):
    test = finished(settings, 'fcos', 'fcos', [], {
        'ambiguous_detections/ambiguous': 2.5, 'ambiguous_detections/ambiguous_other_class': 1.5})
    assert detections_from_ambiguous(test) == {
        'ambiguous': 2.5, 'ambiguous, other class': 1.5}
    missing = Run(settings, 'fcos', 7, 'fcos')
    assert detections_from_ambiguous(missing) == {}
    unknown = finished(settings, 'fcos', 'fcos', [], {
        'ambiguous_detections/ambiguous': math.nan, 'something else': 1})
    assert 'NaN' not in (unknown.folder / 'finished.json').read_text()
    assert detections_from_ambiguous(unknown) == {}


def test_images_without_overlaps_are_not_measured(settings, tmp_path):
    content = dict(ground_truth(settings), annotations=[])
    (tmp_path / 'none.json').write_text(json.dumps(content))
    secret = settings._replace(options={'test_evaluator.ann_file': str(tmp_path / 'none.json')})
    assert MEASURES['overlapped'](finished(secret, 'fcos_c5', 'fcos_c5', [])) == {}


def test_what_the_memory_is_of(settings):
    training = Run(settings, 'fcos_p4')
    MEASURES['samples_memory_boxes'](training._replace(test='fcos_p4'))
    assert memory_note(training).startswith(
        'Memory: peak of one training step with 8 images of 128 x 128.')
    kept = settings.out / 'memory' / 'fcos_p4' / 'memory.json'
    kept.write_text('{"x": 1}')
    MEASURES['samples_memory_boxes'](training._replace(test='fcos_p4'))
    assert json.loads(kept.read_text())['bytes'] > 0, 'measured again'
