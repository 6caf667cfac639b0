"""Ids, encodings and categories as annotation tools write them; metrics as people set them."""
import copy
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from fcos_mm.analysis.annotations import read_boxes
from fcos_mm.analysis.result_file import check_result_file
from fcos_mm.analysis.score_iou import score_and_iou
from fcos_mm.apis.inferencer import find_category_ids
from fcos_mm.cli import test as testing
from fcos_mm.cli import train
from fcos_mm.datasets import CocoDataset
from fcos_mm.datasets.checks import check_config_data
from fcos_mm.errors import UserError
from fcos_mm.evaluation import (
    ClassAgnosticCocoMetric,
    CocoMetric,
    class_agnostic_numbers,
    coco_numbers,
    proposal_recall,
)

BACKENDS = ('pycocotools', 'faster-coco-eval')


@pytest.fixture(scope='module')
def truth(small_shapes) -> dict:
    """The validation set; its annotation, image and category ids are numbered from 1."""
    data = json.loads((small_shapes / 'annotations' / 'val.json').read_text())
    assert all([entry['id'] for entry in data[name]] == list(range(1, len(data[name]) + 1))
               for name in ('images', 'annotations', 'categories'))
    return data


@pytest.fixture(scope='module')
def found(truth) -> list:
    """Detections: the ground truth moved a little, in part called something else, and noise."""
    random = np.random.default_rng(0)
    rows = []
    for box in truth['annotations']:
        for _ in range(2):
            x, y, width, height = box['bbox']
            moved = random.normal(0, 0.08, 4) * (width, height, width, height)
            wrong = random.random() < 0.1
            rows.append(dict(
                image_id=box['image_id'], score=float(random.random()),
                category_id=int(random.integers(1, 7)) if wrong else box['category_id'],
                bbox=[float(x + moved[0]), float(y + moved[1]), float(width + abs(moved[2])),
                      float(height + abs(moved[3]))]))
    return rows


# --- ids: the numbers do not depend on them -----------------------------------------------------

#: What the n-th id of N becomes, from 1 on.
IDS = {
    'from 0': lambda n, total: n - 1,  # Roboflow; pycocotools takes 0 for "not matched"
    'from 1': lambda n, total: n,  # COCO
    'negative': lambda n, total: n - total - 5,  # drawn from a hash
    'text': lambda n, total: f'a-{n:05d}',  # UUIDs of Label Studio and others
    'numbers as text': lambda n, total: str(1000 + n),  # CVAT through a spreadsheet
    'floats': lambda n, total: float(n),  # pandas, where a row was empty
    'beyond float64': lambda n, total: 2**62 + n,  # snowflakes; faster-coco-eval has float64 keys
}
ANNOTATION_IDS = {**IDS, 'shuffled': lambda n, total: (n * 7919) % 100003}  # merged files


def renumbered(truth, found, which, rule):
    """The ground truth and the detections with other ids."""
    truth, found = copy.deepcopy(truth), copy.deepcopy(found)
    total = len(truth[which])
    new = {entry['id']: rule(entry['id'], total) for entry in truth[which]}
    field = dict(annotations='id', images='image_id', categories='category_id')[which]
    for entry in truth[which]:
        entry['id'] = new[entry['id']]
    for row in [] if which == 'annotations' else [*truth['annotations'], *found]:
        row[field] = new[row[field]]
    return truth, found


def metric_figures(metric, truth, found):
    """What a metric makes of detections that a model hands over."""
    names = [entry['name'] for entry in truth['categories']]
    label = {entry['id']: names.index(entry['name']) for entry in truth['categories']}
    metric.dataset_meta = dict(classes=tuple(names))
    for image in truth['images']:
        rows = [row for row in found if row['image_id'] == image['id']]
        boxes = torch.tensor([row['bbox'] for row in rows], dtype=torch.float64).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        metric.process({}, [dict(
            img_id=image['id'], ori_shape=(image['height'], image['width']), pred_instances=dict(
                bboxes=boxes, scores=torch.tensor([row['score'] for row in rows]),
                labels=torch.tensor([label[row['category_id']] for row in rows]).long()))])
    return metric.evaluate(size=len(truth['images']))


def all_figures(folder: Path, truth, found, backend) -> dict:
    """Every number of ours that compares detections with annotations, through files."""
    paths = [folder / 'ann.json', folder / 'found.bbox.json']
    for path, content in zip(paths, (truth, found)):
        path.write_text(json.dumps(content))
    agnostic = class_agnostic_numbers(*paths, backend=backend)
    scored = score_and_iou(*paths)
    figures = dict(
        coco=coco_numbers(*paths, backend=backend),
        proposals=proposal_recall(*paths, backend=backend), agnostic=agnostic.to_dict(),
        scored=[scored.ious.tolist(), scored.below_line, scored.confident_but_poor],
        boxes=[image.boxes.tolist() for image in read_boxes(str(paths[0])).images])
    for name, metric in dict(
            metric=CocoMetric(paths[0], ['bbox', 'proposal'], classwise=True, backend=backend),
            agnostic_metric=ClassAgnosticCocoMetric(paths[0], backend=backend)).items():
        figures[name] = metric_figures(metric, truth, found)
    return figures


@pytest.fixture(scope='module')
def expected(truth, found, tmp_path_factory) -> dict:
    """The numbers with ids from 1."""
    figures = all_figures(tmp_path_factory.mktemp('expected'), truth, found, 'pycocotools')
    assert 0.3 < figures['coco']['AP'] < 0.9
    return json.dumps(figures)  # with nan equal to nan


CASES = [*(('annotations', name) for name in ANNOTATION_IDS),
         *((which, name) for which in ('images', 'categories') for name in IDS)]


@pytest.mark.parametrize('backend', BACKENDS)
@pytest.mark.parametrize('which, name', CASES)
def test_ids_change_no_number(truth, found, expected, tmp_path, which, name, backend):
    changed = renumbered(truth, found, which, ANNOTATION_IDS[name])
    assert json.dumps(all_figures(tmp_path, *changed, backend)) == expected


@pytest.mark.parametrize('backend', BACKENDS)
def test_categories_that_do_not_ascend(truth, found, tmp_path, backend):
    """mmdet hands each class the precision of another where the ids are not sorted."""
    changed = renumbered(truth, found, 'categories', lambda n, total: total + 1 - n)
    figures = [all_figures(tmp_path, *data, backend)['metric']
               for data in (changed, (truth, found))]
    assert figures[0] == figures[1]
    assert len({value for name, value in figures[0].items() if name.endswith('_precision')}) > 3


def test_annotations_read_by_pycocotools_itself(truth, found):
    """They may have an id of 0 too."""
    from pycocotools.coco import COCO
    raw = COCO()
    raw.dataset = renumbered(truth, found, 'annotations', IDS['from 0'])[0]
    raw.createIndex()
    again = COCO()
    again.dataset = truth
    again.createIndex()
    assert coco_numbers(raw, found) == pytest.approx(coco_numbers(again, found), nan_ok=True)


@pytest.fixture
def renumbered_shapes(small_shapes, tmp_path):
    """``renumbered_shapes(rule)``: the data with other ids of every kind, as a folder."""

    def make(rule) -> Path:
        root = tmp_path / 'data'
        (root / 'annotations').mkdir(parents=True)
        for split in ('train', 'val', 'test'):
            (root / split).symlink_to(small_shapes / split)
            data = json.loads((small_shapes / 'annotations' / f'{split}.json').read_text())
            for which in ('annotations', 'images', 'categories'):
                data, _ = renumbered(data, [], which, rule)
            (root / 'annotations' / f'{split}.json').write_text(json.dumps(data))
        return root

    return make


@pytest.mark.parametrize('name', ['text', 'from 0', 'beyond float64'])
def test_the_file_of_results_has_the_ids_of_the_data(renumbered_shapes, write_config, run,
                                                     short_run, tmp_path, name):
    config = write_config(f"""
model = dict(test_cfg=dict(score_thr=0.0))
test_evaluator['outfile_prefix'] = '{tmp_path}/out'
""", root=renumbered_shapes(IDS[name]))
    figures = run(testing, config, short_run.checkpoint, '--work-dir',
                  tmp_path / 'work').result
    path = tmp_path / 'data' / 'annotations' / 'test.json'
    data, rows = json.loads(path.read_text()), json.loads((tmp_path / 'out.bbox.json').read_text())
    assert rows and all(type(row['image_id']) is type(data['images'][0]['id']) for row in rows)
    assert {row['image_id'] for row in rows} <= {image['id'] for image in data['images']}
    assert {row['category_id'] for row in rows} <= {entry['id'] for entry in data['categories']}
    again = coco_numbers(path, tmp_path / 'out.bbox.json')
    assert figures['coco/bbox_mAP'] == round(again['AP'], 3)


def test_training_with_ids_that_are_text(renumbered_shapes, write_config, run, tmp_path):
    config = write_config("""
model = dict(test_cfg=dict(score_thr=0.0))
train_dataloader['dataset']['indices'] = 4
val_dataloader['dataset']['indices'] = 4
""", root=renumbered_shapes(IDS['text']))
    screen = run(train, config, '--work-dir', tmp_path / 'work').screen
    assert 'coco/bbox_mAP: 0.0' in screen and '4 of the 8 images' in screen


def test_numbers_and_text_together_are_refused(truth, source_of):
    data = copy.deepcopy(truth)
    data['images'][0]['id'] = 'one'
    data['annotations'] = [box for box in data['annotations'] if box['image_id'] != 1]
    with pytest.raises(UserError, match="id of 'images' is a number in some entries and text"):
        source_of(data)


# --- encodings ------------------------------------------------------------------------------------

@pytest.fixture
def config_of(small_shapes, tmp_path):
    """``config_of(data, classes=None, **dataset)``: a config whose test set has these annotations.

    The data may be bytes.
    """

    def make(data, classes=None, evaluator=None, **dataset) -> Config:
        path = tmp_path / 'ann.json'
        path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
        if classes is None:
            classes = [entry['name'] for entry in data['categories']]
        return Config(dict(
            default_scope='fcos_mm', model=dict(bbox_head=dict(
                type='FCOSHead', num_classes=len(classes))),
            test_evaluator=evaluator or dict(type='CocoMetric', ann_file=path),
            test_dataloader=dict(dataset=dict(
                type='CocoDataset', ann_file=str(path), metainfo=dict(classes=tuple(classes)),
                data_prefix=dict(img=f'{small_shapes}/val/'), test_mode=True, pipeline=[],
                **dataset))))

    return make


@pytest.fixture
def source_of(config_of):
    """``source_of(data, ...)``: the same, checked, and its data set built."""

    def make(*args, **kwargs) -> CocoDataset:
        cfg = config_of(*args, **kwargs)
        check_config_data(cfg, 'test')
        settings = dict(cfg.test_dataloader.dataset)
        settings.pop('type')
        return CocoDataset(**settings)

    return make


def test_utf8_with_a_mark_is_read_everywhere(truth, found, expected, source_of, config_of,
                                             tmp_path):
    """As Windows' Notepad and PowerShell write it."""
    marked = b'\xef\xbb\xbf' + json.dumps(truth).encode()
    classes = [entry['name'] for entry in truth['categories']]
    assert len(source_of(marked, classes)) == 8
    cfg, path = config_of(marked, classes), tmp_path / 'ann.json'
    assert find_category_ids(cfg, classes) == {name: n for n, name in enumerate(classes, 1)}
    (tmp_path / 'found.bbox.json').write_bytes(b'\xef\xbb\xbf' + json.dumps(found).encode())
    numbers = coco_numbers(path, tmp_path / 'found.bbox.json')
    assert numbers == pytest.approx(json.loads(expected)['coco'], abs=0, rel=0, nan_ok=True)
    report = check_result_file(str(tmp_path / 'found.bbox.json'), str(path))
    assert report.summary.startswith(f'{len(found):,} detections ')
    assert metric_figures(CocoMetric(path), truth, found)['coco/bbox_mAP'] > 0.3


ENCODINGS = {  # content, what the message calls it
    'PowerShell 5 redirects to UTF-16': ('utf-16', 'UTF-16'),
    'UTF-16 without a mark': ('utf-16-le', 'UTF-16-LE'),
    'UTF-32': ('utf-32', 'UTF-32'),
    'Windows in western Europe': ('cp1252', 'probably WINDOWS-1252'),
    'Windows in China': ('gb18030', 'probably GB18030'),
}


@pytest.mark.parametrize('case', ENCODINGS)
def test_other_encodings_are_named(truth, source_of, case):
    encoding, name = ENCODINGS[case]
    word = '细胞' if encoding.startswith('gb') else 'café'
    data = copy.deepcopy(truth)
    data['categories'][0]['name'] = word
    with pytest.raises(UserError) as error:
        source_of(json.dumps(data, ensure_ascii=False).encode(encoding), [word])
    assert f'is not UTF-8 but {name}' in str(error.value)
    assert 'iconv -f' in str(error.value) and str(error.value).count('\n') <= 3


# --- categories -----------------------------------------------------------------------------------

def roboflow(truth, repeat=False):
    """A parent of all categories at id 0, or a category twice, as Roboflow exports them."""
    data = copy.deepcopy(truth)
    if repeat:
        parent = dict(id=0, name=data['categories'][0]['name'], supercategory='none')
    else:
        parent = dict(id=0, name='shapes', supercategory='none')
    for entry in data['categories']:
        entry['supercategory'] = parent['name']
    data['categories'].insert(0, parent)
    return data


@pytest.mark.parametrize('repeat, words', [
    (False, "'shapes' with id 0 has no boxes and is the supercategory of all other categories: "
     'ignored'),
    (True, "'disc' with id 0 has no boxes and the same name as another: ignored")])
def test_categories_without_boxes_that_roboflow_adds(
        truth, found, expected, source_of, tmp_path, monkeypatch, repeat, words):
    said = []
    monkeypatch.setattr('fcos_mm.datasets.checks.config._warn', said.append)
    data, classes = roboflow(truth, repeat), [entry['name'] for entry in truth['categories']]
    dataset = source_of(data, classes)
    assert len(said) == 1 and words in said[0]
    assert dataset.cat2label == {n: n - 1 for n in range(1, 7)}
    figures, before = all_figures(tmp_path, data, found, 'auto'), json.loads(expected)
    for name in ('coco', 'proposals', 'agnostic', 'boxes'):
        assert json.dumps(figures[name]) == json.dumps(before[name])
    images = read_boxes(str(tmp_path / 'ann.json')).images
    assert {label for image in images for label in image.categories.tolist()} <= set(range(6))


def test_a_parent_that_is_wanted_stays(truth, source_of, monkeypatch):
    """Whoever lists it among the classes has a class without boxes."""
    monkeypatch.setattr('fcos_mm.datasets.checks.config._warn', lambda text: 1 / 0)
    data = roboflow(truth)
    assert source_of(data).cat2label == {n: n for n in range(7)}


def test_two_categories_of_a_name_with_boxes_are_refused(truth, source_of):
    data = copy.deepcopy(truth)
    data['categories'][1]['name'] = data['categories'][0]['name']
    with pytest.raises(UserError, match="the name 'disc' is used twice"):
        source_of(data, ['disc'])


def test_labels_follow_the_classes(truth, found, source_of):
    """The splits of a data set may list their categories in different orders."""
    classes = [entry['name'] for entry in truth['categories']][::-1]
    assert source_of(truth, classes).cat2label == {n: 6 - n for n in range(1, 7)}


#: Settings of the test set and its evaluator; words of the error.
DISAGREEMENTS = {
    'a class is written twice': (dict(classes=['disc', 'disc']), "['disc'] more than once"),
    "mmdet's dataset goes by the file's order": (
        dict(classes=['ring', 'disc'], kind='mmdet.CocoDataset'), 'a different order'),
    "mmdet's metric goes by the file's order": (
        dict(classes=['ring', 'disc'], metric='mmdet.CocoMetric'),
        "Set test_evaluator.type='fcos_mm.CocoMetric'"),
    "mmdet's metric takes id 0 for not found": (
        dict(classes=['disc', 'ring'], metric='mmdet.CocoMetric',
             other=lambda data: data['annotations'][3].update(id=0)), 'annotation with id 0'),
    'mmdet in its own scope does': (
        dict(classes=['ring', 'disc'], scope='mmdet'), 'a different order'),
    'the evaluator lacks a class': (
        dict(classes=['disc', 'star'], other=lambda data: data['categories'].pop(4)),
        "lacks category 'star'"),
    'the evaluator lacks an image': (
        dict(classes=['disc', 'star'], other=lambda data: data['images'].pop()),
        '1 of its images are not in it'),
}


@pytest.mark.parametrize('case', DISAGREEMENTS)
def test_what_would_be_labelled_wrongly_is_refused(truth, config_of, tmp_path, case):
    settings, words = DISAGREEMENTS[case]
    other, path = copy.deepcopy(truth), tmp_path / 'other.json'
    settings.get('other', lambda data: None)(other)
    gone = {image['id'] for image in truth['images']} - {image['id'] for image in other['images']}
    other['annotations'] = [box for box in other['annotations'] if box['image_id'] not in gone]
    path.write_text(json.dumps(other))
    cfg = config_of(truth, settings['classes'], evaluator=dict(
        type=settings.get('metric', 'CocoMetric'), ann_file=path))
    cfg.test_dataloader.dataset.type = settings.get('kind', 'CocoDataset')
    cfg.default_scope = settings.get('scope', 'fcos_mm')
    with pytest.raises(UserError) as error:
        check_config_data(cfg, 'test')
    assert words in str(error.value)


# --- settings of metrics ------------------------------------------------------------------------

#: Settings; figures that are there; figures that are not.
SETTINGS = {
    'one threshold': (dict(iou_thrs=[0.5]), {'bbox_mAP', 'bbox_mAP_50'}, {'bbox_mAP_75'}),
    'a number': (dict(iou_thrs=0.75), {'bbox_mAP', 'bbox_mAP_75'}, {'bbox_mAP_50'}),
    'thresholds as a list': (dict(iou_thrs=[0.5, 0.75]), {'bbox_mAP_50', 'bbox_mAP_75'}, set()),
    'thresholds that arange makes': (dict(iou_thrs=np.arange(0.5, 1, 0.05).tolist()),
                                     {'bbox_mAP_50', 'bbox_mAP_75'}, set()),
    'one limit': (dict(proposal_nums=[100]), {'bbox_mAP', 'bbox_mAP_s'}, set()),
    'limits without 100': (dict(proposal_nums=(10, 50)), {'bbox_mAP'}, set()),
    'recalls by their limits': (dict(metric='proposal', proposal_nums=(1, 10, 50)),
                                {'AR@1', 'AR@10', 'AR@50', 'AR_s@50'}, {'AR@100', 'AR@1000'}),
    'proposals at one threshold': (dict(metric='proposal', iou_thrs=[0.5]), {'AR@100'}, set()),
    'single classes at one threshold': (dict(classwise=True, iou_thrs=[0.5]),
                                        {'disc_precision', 'bbox_mAP_50'}, {'bbox_mAP_75'}),
    'chosen figures': (dict(metric_items=['mAP_50', 'AR@300']), {'bbox_mAP_50', 'bbox_AR@300'},
                       {'bbox_mAP'}),
    'a tuple of metrics': (dict(metric=('bbox', 'proposal')), {'bbox_mAP', 'AR@100'}, set()),
}


@pytest.mark.parametrize('case', SETTINGS)
def test_settings_of_the_metric(truth, found, tmp_path, case):
    settings, there, absent = SETTINGS[case]
    (tmp_path / 'ann.json').write_text(json.dumps(truth))
    both = [metric_figures(CocoMetric(tmp_path / 'ann.json', backend=backend, **settings),
                           truth, found) for backend in BACKENDS]
    assert json.dumps(both[0]) == json.dumps(both[1])
    figures = {name.removeprefix('coco/'): value for name, value in both[0].items()}
    assert there <= set(figures) and not absent & set(figures)
    assert all(figures[name] > 0 for name in there)
    if settings.get('iou_thrs') == [0.5] and 'bbox_mAP' in there:
        assert figures['bbox_mAP'] == figures['bbox_mAP_50']


#: The evaluator; words of the error.
REFUSED = {
    'only files, without a place': (dict(format_only=True), 'no outfile_prefix'),
    'only files of the other metric': (
        dict(type='ClassAgnosticCocoMetric', format_only=True), 'no outfile_prefix'),
    'masks of a box detector': (dict(metric=['bbox', 'segm']), "Set test_evaluator.metric='bbox'"),
    'a name of COCO': (dict(metric='mAP'), "metric='mAP'"),
    'a misspelt metric': (dict(metric='proposals'), "Did you mean 'proposal'?"),
    'thresholds in percent': (dict(iou_thrs=[50]), 'iou_thrs=[50]'),
    'no threshold': (dict(iou_thrs=[]), 'iou_thrs=[]'),
    'a limit of 0': (dict(proposal_nums=(0, 100)), 'proposal_nums=(0, 100)'),
    'a figure without its threshold': (
        dict(metric_items=['mAP_75'], iou_thrs=[0.5]), "there is no 'mAP_75'"),
    'a misspelt figure': (dict(metric_items=['map_50']), "Did you mean 'mAP_50'?"),
}


@pytest.mark.parametrize('case', REFUSED)
def test_settings_that_cannot_work_are_refused_first(write_config, run, case):
    settings, words = REFUSED[case]
    lines = ''.join(f'test_evaluator[{key!r}] = {value!r}\n' for key, value in settings.items())
    with pytest.raises(UserError) as error:
        run(testing, write_config(lines), 'no.pth')
    assert words in str(error.value) and str(error.value).startswith('test_evaluator')
    assert str(error.value).count('\n') <= 3 and 'Traceback' not in str(error.value)


def test_masks_of_an_unknown_model_are_missed_at_the_first_image(truth, found, tmp_path):
    (tmp_path / 'ann.json').write_text(json.dumps(truth))
    with pytest.raises(UserError, match='the model predicts no masks'):
        metric_figures(CocoMetric(tmp_path / 'ann.json', ['bbox', 'segm']), truth, found)


def test_images_that_were_not_tested_do_not_count(truth, found, tmp_path):
    """``indices=4`` of the dataset, and the evaluator's file has all eight."""
    (tmp_path / 'ann.json').write_text(json.dumps(truth))
    half = dict(truth, images=truth['images'][:4])
    half['annotations'] = [box for box in truth['annotations'] if box['image_id'] <= 4]
    (tmp_path / 'half.json').write_text(json.dumps(half))
    figures = [metric_figures(CocoMetric(tmp_path / name), half, found)
               for name in ('ann.json', 'half.json')]
    assert figures[0] == figures[1]


def test_images_of_another_file(truth, found, tmp_path):
    (tmp_path / 'ann.json').write_text(json.dumps(dict(truth, images=truth['images'][1:],
                                                       annotations=[])))
    with pytest.raises(UserError, match="1 of the 8 tested images .* not in the evaluator's"):
        metric_figures(CocoMetric(tmp_path / 'ann.json'), truth, found)


# --- nothing detected -----------------------------------------------------------------------------

def test_nothing_detected_is_ap_0(write_config, run, small_shapes, tmp_path):
    """'auto' takes the first figure, which has to be the AP of all classes."""
    path = f'{small_shapes}/annotations/val.json'
    config = write_config(f"""
model = dict(test_cfg=dict(score_thr=0.9))
train_dataloader['dataset']['indices'] = 4
default_hooks['checkpoint'] = dict(interval=1, save_best='auto')
val_evaluator = [dict(type='CocoMetric', ann_file='{path}', metric=['bbox', 'proposal'],
                      classwise=True), dict(type='ClassAgnosticCocoMetric', ann_file='{path}')]
""")
    screen = run(train, config, '--work-dir', tmp_path / 'work').screen
    assert 'no detection above score_thr yet: AP 0' in screen and 'error' not in screen
    for name in ('coco/bbox_mAP', 'coco/bbox_mAP_50', 'coco/disc_precision', 'coco/AR@100',
                 'class_agnostic/bbox_mAP', 'class_agnostic/bbox_mAP_90'):
        assert f'{name}: 0.0000' in screen
    assert (tmp_path / 'work' / 'best_coco_bbox_mAP_epoch_1.pth').is_file()


@pytest.mark.parametrize('backend', BACKENDS)
def test_the_same_names_with_and_without_detections(truth, found, tmp_path, backend):
    (tmp_path / 'ann.json').write_text(json.dumps(truth))
    for kind in (CocoMetric, ClassAgnosticCocoMetric):
        some, none = (metric_figures(kind(tmp_path / 'ann.json', backend=backend), truth, rows)
                      for rows in (found, []))
        assert list(some) == list(none)
        assert all(value == 0 or some[name] == value or math.isnan(value)
                   for name, value in none.items())


# --- some of the classes ------------------------------------------------------------------------

def test_some_of_the_classes_of_a_model(write_config, run, short_run, tmp_path):
    """The answer leads to the figures of the single classes, not in a circle."""
    some = write_config("test_dataloader['dataset']['metainfo'] = dict(classes=('disc', 'star'))")
    with pytest.raises(UserError) as error:
        run(testing, some, short_run.checkpoint, '--work-dir', tmp_path / 'work')
    option = 'test_evaluator.classwise=True'
    assert 'all 6 classes' in str(error.value) and option in str(error.value)
    assert len(str(error.value).splitlines()) <= 4
    figures = run(testing, write_config(), short_run.checkpoint, '--work-dir',
                  tmp_path / 'work', '--cfg-options', option).result
    assert {'coco/disc_precision', 'coco/star_precision'} <= set(figures)
