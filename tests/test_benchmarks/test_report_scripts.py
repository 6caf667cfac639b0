"""The benchmarks of the report: made-up detections, planted faults."""
import json
import pickle
import re
import sys

import large_report
import numpy as np
import planted_faults
import torch
from annotation_memory import write_annotations


def test_made_up_detections(tmp_path):
    """100 in each image, the best first, inside of it or around its boxes, each a box."""
    write_annotations(tmp_path / 'all.json', 4, 30)
    predictions = large_report.make_detections(
        json.loads((tmp_path / 'all.json').read_text()), tmp_path)
    found = predictions.found
    assert found.images.tolist() == [image for image in range(4) for _ in range(100)]
    assert (found.boxes[:, 2:] > found.boxes[:, :2]).all() and found.labels.max() < 80
    assert (np.diff(found.scores.reshape(4, 100)) <= 0).all()


def test_a_small_large_report(monkeypatch, capsys, tmp_path):
    page = tmp_path / 'page.html'
    monkeypatch.setattr(sys, 'argv', ['large_report.py', '--images', '3', '--boxes', '9', '--out',
                                      str(page)])
    large_report.main()
    assert re.fullmatch(r'3 images, 9 boxes, 300 detections: [0-9.]+ s \([0-9.]+ s of CPU\), '
                        r'[0-9,]+ MB at most; page.html [0-9.]+ MB, page.json [0-9.]+ MB, '
                        r'label_faults.json [0-9.]+ MB\n', capsys.readouterr().out)
    assert 'file not found' in page.read_text()


def test_planted_faults(monkeypatch, capsys, tmp_path):
    """A detector that finds every box exactly, and nothing else, finds every fault."""
    corners = [(x, y) for x in range(0, 400, 100) for y in range(0, 400, 100)]
    data = dict(
        images=[dict(id=image, width=600, height=600, file_name=f'{image}.jpg')
                for image in range(5)],
        annotations=[dict(id=16 * image + place, image_id=image, category_id=place % 3, iscrowd=0,
                          bbox=[*corner, 60, 60], area=3600)
                     for image in range(5) for place, corner in enumerate(corners)],
        categories=[dict(id=label, name=f'class {label}') for label in range(3)])
    (tmp_path / 'all.json').write_text(json.dumps(data))
    boxes = torch.tensor([[x, y, x + 60, y + 60] for x, y in corners], dtype=torch.float32)
    samples = [dict(img_id=image, img_path=f'{image}.jpg', ori_shape=(600, 600),
                    pred_instances=dict(bboxes=boxes, scores=torch.full((16, ), .9),
                                        labels=torch.arange(16) % 3)) for image in range(5)]
    (tmp_path / 'found.pkl').write_bytes(pickle.dumps(samples))
    monkeypatch.setattr(sys, 'argv', ['planted_faults.py', str(tmp_path / 'all.json'),
                                      str(tmp_path / 'found.pkl'), '--times', '2'])
    planted_faults.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == '0 suspects before. Planted: 20 deleted, 10 swapped, 10 added'
    assert lines[-1] == '| new, the whole list | 40.0 | 20.0 | 10.0 | 10.0 |'
