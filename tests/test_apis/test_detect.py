"""``fcos-mm detect``: images and videos in, drawings and detections out."""
import csv
import json
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmdet.evaluation import get_classes
from mmengine.config import Config
from torch import nn

import fcos_mm
from fcos_mm.apis.inferencer import build_inferencer, find_category_ids, set_class_names
from fcos_mm.cli import detect, parse
from fcos_mm.config import load_config
from fcos_mm.errors import UserError


def test_one_image_with_a_threshold_nothing_reaches(trained, tiny_data, run, tmp_path):
    status, _ = run(detect, tiny_data / 'images' / 'val_1.png', trained.config,
                    trained.checkpoint, '--out-dir', tmp_path, '--score-thr', 1)
    assert status == 0
    assert json.loads((tmp_path / 'detections.json').read_text()) == []
    assert (tmp_path / 'vis' / 'val_1.png').is_file()


def test_detections_go_to_a_file_in_a_new_folder(trained, tiny_data, run, tmp_path):
    words = (tiny_data / 'images' / 'val_1.png', '--model', trained.work_dir, '--no-draw',
             '--out-dir', tmp_path / 'out', '--save-json')
    status, screen = run(detect, *words, tmp_path / 'new' / 'mine.json')
    assert status == 0
    assert f"in 1 image, written to {tmp_path / 'out'} and {tmp_path / 'new/mine.json'}" in screen
    assert isinstance(json.loads((tmp_path / 'new' / 'mine.json').read_text()), list)
    with pytest.raises(UserError, match='new is a folder.\nName a file in it: .*detections.json'):
        run(detect, *words, tmp_path / 'new')
    with pytest.raises(UserError, match='mine.json/a.json cannot be written to: .*\nName a file'):
        run(detect, *words, tmp_path / 'new' / 'mine.json' / 'a.json')


def test_a_threshold_that_is_no_number(capsys):
    with pytest.raises(SystemExit):
        parse(detect, ['a.jpg', '--score-thr', 'high'])
    assert '--score-thr: high: give a number from 0 to 1, or auto' in capsys.readouterr().err


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
    with pytest.raises(UserError, match="ann.json is not in COCO format|is not JSON: .*ann.json|"
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


def test_all_inputs_and_outputs_of_one_run(trained, tiny_data, run, tmp_path, detected):
    """What fails is listed, what is found is the same in every file and from Python."""
    clip = tmp_path / 'in' / 'clip.avi'
    clip.parent.mkdir()
    images = [cv2.imread(str(path)) for path in sorted((tiny_data / 'images').glob('val_*'))]
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter_fourcc(*'MJPG'), 5, (64, 48))
    for image in images * 3:
        writer.write(image)
    writer.release()
    (tmp_path / 'in' / 'cut.avi').write_bytes(clip.read_bytes()[:-4000])
    (tmp_path / 'in' / 'none.mp4').write_text('no video')
    (tmp_path / 'list.txt').write_text('# two\nnone.jpg\nin/clip.avi\n')
    out = tmp_path / 'out'
    status, screen = run(detect, tmp_path / 'in', tmp_path / 'list.txt',
                         tiny_data / 'images' / 'val_*', '--model', trained.work_dir, '--out-dir',
                         out, '--score-thr', 0, '--save-csv', '--save-crops', '--batch-size', 4)
    assert status == 1
    assert f'model      {trained.checkpoint} (the last checkpoint)' in screen
    assert 'error: ' + str(tmp_path / 'in' / 'none.mp4') + ' cannot be read as a video' in screen
    assert 'cut.avi ends after' in screen and 'none.jpg cannot be read as an im' in screen
    rows = json.loads((out / 'detections.json').read_text())
    table = list(csv.DictReader((out / 'detections.csv').open()))
    assert [(row['file_name'], str(row.get('frame', '')), row['category_name']) for row in rows
            ] == [(row['file_name'], row['frame'], row['class']) for row in table]
    frames = [row['frame'] for row in rows if row['file_name'].endswith('clip.avi')]
    assert frames == [frame for frame in range(6) for _ in range(5)]
    drawn = cv2.VideoCapture(str(next(out.glob('vis/**/clip.avi.mp4'))))
    assert drawn.get(cv2.CAP_PROP_FRAME_COUNT) == 6
    assert drawn.read()[1].shape == (48, 64, 3)
    crops = [cv2.imread(str(path)) for path in out.glob('crops/*/*val_1*.png')]
    assert crops and max(crop.shape[0] for crop in crops) <= 48
    found = [row for row in rows if row['file_name'].endswith('val_1.png')]
    assert [(row['category_name'], row['bbox'], row['score']) for row in found] == [
        (row['category_name'], row['bbox'], row['score'])
        for row in detected(tiny_data / 'images' / 'val_1.png').to_coco(1)]


@pytest.fixture
def detected(trained):
    """``detected(image)``: what ``fcos_mm.load`` finds with the same model."""
    return fcos_mm.load(trained.work_dir, device='cpu', score_thr=0)


def test_classes_that_are_asked_for(trained, tiny_data, run, tmp_path):
    words = [tiny_data / 'images' / 'val_1.png', '--model', trained.checkpoint, '--out-dir',
             tmp_path, '--score-thr', 0, '--no-draw']
    run(detect, *words, '--classes', 'jar')
    rows = json.loads((tmp_path / 'detections.json').read_text())
    assert rows and {row['category_name'] for row in rows} == {'jar'}
    assert not (tmp_path / 'vis').exists()
    with pytest.raises(UserError, match="--classes Jar: .* Did you mean 'jar'?"):
        run(detect, *words, '--classes', 'Jar')


@pytest.mark.parametrize('words', [['a.png'], ['a.png', 'b.png', 'c.png'],
                                   ['a.png', '--weights', 'b.pth']])
def test_no_model(run, words):
    with pytest.raises(UserError, match='No model given'):
        run(detect, *words)


def test_how_many_just_miss_the_threshold(trained, tiny_data, run, tmp_path, detected):
    scores = detected(tiny_data / 'images' / 'val_1.png').scores
    threshold = float(np.sort(scores)[-2])
    below = ((scores < np.float32(threshold)) & (scores >= threshold - 0.1)).sum()
    _, screen = run(detect, tiny_data / 'images' / 'val_1.png', '--model', trained.work_dir,
                    '--out-dir', tmp_path, '--score-thr', threshold)
    assert f'2 detections in 1 image, written to {tmp_path}; {below} more score up' in screen
