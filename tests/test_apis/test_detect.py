"""``tools/detect.py``: images in, drawn images and detections out."""
import json
from types import SimpleNamespace

import pytest
import torch
from mmdet.evaluation import get_classes
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.structures import InstanceData
from torch import nn

from fcos_mm.apis.detect import above_threshold, to_rows
from fcos_mm.apis.inferencer import build_inferencer, find_category_ids, set_class_names
from fcos_mm.cli import detect
from fcos_mm.config import load_config
from fcos_mm.errors import UserError


def test_boxes_scores_and_ids_of_one_image():
    sample = DetDataSample(pred_instances=InstanceData(
        labels=torch.tensor([1, 0, 1, 0]), scores=torch.tensor([0.9, 0.5, 0.2, torch.nan]),
        bboxes=torch.tensor([[1., 2, 11, 22], [0, 0, 4, 5], [0, 0, 1, 1], [0, 0, 1, 1]])))
    found = to_rows(above_threshold(sample, 0.5), 'some/a.png', dict(cup=10, jar=20))
    assert found == [
        dict(file_name='some/a.png', category_id=20, category_name='jar', bbox=[1, 2, 10, 20],
             score=0.9),
        dict(file_name='some/a.png', category_id=10, category_name='cup', bbox=[0, 0, 4, 5],
             score=0.5)]


def test_one_image_with_a_threshold_nothing_reaches(trained, tiny_data, run, tmp_path):
    status, _ = run(detect, tiny_data / 'images' / 'val_1.png', trained.config,
                    trained.checkpoint, '--out-dir', tmp_path, '--score-thr', 1)
    assert status == 0
    assert json.loads((tmp_path / 'detections.json').read_text()) == []
    assert (tmp_path / 'vis' / 'val_1.png').is_file()


def test_weights_without_the_names_of_the_classes(trained, tiny_data, run, tmp_path):
    """mmdet would name them as COCO does."""
    weights = torch.load(trained.checkpoint)['state_dict']
    torch.save(weights, tmp_path / 'weights.pth')
    for place, checkpoint in (('all', trained.checkpoint), ('bare', tmp_path / 'weights.pth')):
        run(detect, tiny_data / 'images' / 'val_1.png', trained.config, checkpoint,
            '--out-dir', tmp_path / place, '--score-thr', 0)
    bare, known = (json.loads((tmp_path / place / 'detections.json').read_text())
                   for place in ('bare', 'all'))
    assert bare == known and len(bare) == 5
    assert {(entry['category_id'], entry['category_name']) for entry in bare} <= {
        (10, 'cup'), (20, 'jar')}
    for x, y, width, height in (entry['bbox'] for entry in bare):
        assert x >= 0 and y >= 0 and x + width <= 64.01 and y + height <= 48.01


def test_no_names_for_the_classes(trained, tiny_data, tmp_path):
    cfg = load_config(str(trained.config))
    cfg.test_dataloader.dataset.metainfo = dict(classes=('cup', ))
    torch.save(torch.load(trained.checkpoint)['state_dict'], tmp_path / 'weights.pth')
    with pytest.raises(UserError, match='model has 2 classes, the checkpoint names 80 and the '
                       'config 1'):
        build_inferencer(cfg, str(tmp_path / 'weights.pth'), 'cpu')


def test_names_of_the_config_for_a_model_of_as_many_classes_as_coco_has():
    """A checkpoint without names gets COCO's from mmdet, which fit such a model in number."""
    model = nn.Module()
    model.bbox_head = SimpleNamespace(num_classes=80)
    model.dataset_meta = dict(classes=get_classes('coco'))
    names = tuple(f'part {index}' for index in range(80))
    dataset = dict(type='RepeatDataset', dataset=dict(metainfo=dict(classes=names)))
    cfg = Config(dict(test_dataloader=dict(dataset=dataset)))
    set_class_names(model, cfg)
    assert model.dataset_meta['classes'] == names
    model.dataset_meta = dict(classes=names[::-1])  # the checkpoint's own
    set_class_names(model, cfg)
    assert model.dataset_meta['classes'] == names[::-1]


def test_category_ids_without_annotation_file(trained):
    cfg = load_config(str(trained.config), {'test_dataloader.dataset.ann_file': 'none.json'})
    assert find_category_ids(cfg, ('cup', 'jar')) == dict(cup=1, jar=2)


@pytest.mark.parametrize('text', ['', '[1]', '{}', '{"categories": [{}]}', '{"categories": 3}',
                                  '{"categories": [{"name": [], "id": 1}]}', '[' * 100000])
def test_an_annotation_file_that_cannot_be_read(trained, tmp_path, text):
    path = tmp_path / 'ann.json'
    path.write_text(text)
    cfg = load_config(str(trained.config), {'test_dataloader.dataset.ann_file': str(path)})
    with pytest.raises(UserError, match="ann.json is not in COCO's format|is not JSON: .*ann.json|"
                                        'ann.json: .* of 1 categories'):
        find_category_ids(cfg, ('cup', 'jar'))


def test_weights_of_another_model(trained, tiny_data, run, tmp_path):
    with pytest.raises(UserError, match='does not fit the model'):
        run(detect, tiny_data / 'images', trained.config, trained.checkpoint, '--out-dir',
            tmp_path / 'out', '--cfg-options', 'model.bbox_head.stacked_convs=2')


@pytest.mark.parametrize('content', [b'', b'no checkpoint', None])
def test_no_folder_is_made_where_the_checkpoint_cannot_be_read(content, trained, tiny_data, run,
                                                               tmp_path):
    if content is not None:
        (tmp_path / 'a.pth').write_bytes(content)
    with pytest.raises(UserError, match='a.pth'):
        run(detect, tiny_data / 'images', trained.config, tmp_path / 'a.pth', '--out-dir',
            tmp_path / 'out')
    assert not (tmp_path / 'out').exists()
