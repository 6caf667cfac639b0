"""``tools/detect.py``: pictures in, drawn pictures and detections out."""
import json
import shutil
from types import SimpleNamespace

import pytest
import torch
from mmdet.evaluation import get_classes
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.structures import InstanceData
from torch import nn

from fcos_mm.apis import detect
from fcos_mm.apis.inferencer import build_inferencer, find_category_ids, set_class_names
from fcos_mm.config import load_config
from fcos_mm.errors import UserError


@pytest.fixture
def pictures(tiny_data, tmp_path):
    """Two pictures, one broken one and a text."""
    folder = tmp_path / 'pictures'
    folder.mkdir()
    for name in ('val_1.png', 'val_2.png'):
        shutil.copy(tiny_data / 'images' / name, folder)
    (folder / 'broken.jpg').write_bytes(b'no picture')
    (folder / 'notes.txt').write_text('no picture')
    return folder


def test_folder(trained, pictures, run, tmp_path):
    out = tmp_path / 'out'
    status, screen = run(detect.main, [
        pictures, trained.config, trained.checkpoint, '--out-dir', out, '--score-thr', 0])
    assert status == 1
    assert f'error: {pictures / "broken.jpg"} cannot be read' in screen
    assert 'notes.txt' not in screen
    assert sorted(path.name for path in (out / 'vis').iterdir()) == ['val_1.png', 'val_2.png']
    detections = json.loads((out / 'detections.json').read_text())
    assert len(detections) == 10  # the config keeps 5 an image
    assert {entry['file_name'] for entry in detections} == {'val_1.png', 'val_2.png'}
    assert {entry['category_id'] for entry in detections} <= {10, 20}
    for entry in detections:
        x, y, width, height = entry['bbox']
        assert x >= 0 and y >= 0 and x + width <= 64.01 and y + height <= 48.01
        assert 0 <= entry['score'] <= 1


def test_boxes_scores_and_ids_of_one_image():
    sample = DetDataSample(pred_instances=InstanceData(
        labels=torch.tensor([1, 0, 1, 0]), scores=torch.tensor([0.9, 0.5, 0.2, torch.nan]),
        bboxes=torch.tensor([[1., 2, 11, 22], [0, 0, 4, 5], [0, 0, 1, 1], [0, 0, 1, 1]])))
    found = detect.to_rows(detect.keep_sure(sample, 0.5), 'some/a.png', dict(cup=10, jar=20))
    assert found == [
        dict(file_name='some/a.png', category_id=20, category_name='jar', bbox=[1, 2, 10, 20],
             score=0.9),
        dict(file_name='some/a.png', category_id=10, category_name='cup', bbox=[0, 0, 4, 5],
             score=0.5)]


def test_one_image_with_a_threshold_nothing_reaches(trained, tiny_data, run, tmp_path):
    status, _ = run(detect.main, [
        tiny_data / 'images' / 'val_1.png', trained.config, trained.checkpoint, '--out-dir',
        tmp_path, '--score-thr', 1])
    assert status == 0
    assert json.loads((tmp_path / 'detections.json').read_text()) == []
    assert (tmp_path / 'vis' / 'val_1.png').is_file()


def test_weights_without_the_names_of_the_classes(trained, tiny_data, run, tmp_path):
    """mmdet would name them as COCO does."""
    weights = torch.load(trained.checkpoint)['state_dict']
    torch.save(weights, tmp_path / 'weights.pth')
    for place, checkpoint in (('all', trained.checkpoint), ('bare', tmp_path / 'weights.pth')):
        run(detect.main, [tiny_data / 'images' / 'val_1.png', trained.config, checkpoint,
                          '--out-dir', tmp_path / place, '--score-thr', 0])
    bare, known = (json.loads((tmp_path / place / 'detections.json').read_text())
                   for place in ('bare', 'all'))
    assert bare == known and {entry['category_name'] for entry in bare} <= {'cup', 'jar'}


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
    with pytest.raises(UserError, match="ann.json is not in COCO's format|is not JSON: .*ann.json"):
        find_category_ids(cfg, ('cup', 'jar'))


def test_inputs_that_cannot_be_used(trained, tmp_path):
    rest = [str(trained.config), str(trained.checkpoint)]
    with pytest.raises(UserError, match='Input not found: nowhere'):
        detect.main(['nowhere', *rest])
    with pytest.raises(UserError, match=f'No images in {tmp_path}'):
        detect.main([str(tmp_path), *rest])


def test_weights_of_another_model(trained, pictures):
    with pytest.raises(UserError, match='does not fit the model'):
        detect.main([str(pictures), str(trained.config), str(trained.checkpoint),
                     '--cfg-options', 'model.bbox_head.stacked_convs=2'])
