"""``tools/test.py``: metrics, predictions, drawings, and what it refuses."""
import pickle

import pytest

from fcos_mm.cli import test
from fcos_mm.errors import UserError


def test_metrics_predictions_and_drawings(trained, run, tmp_path):
    out = tmp_path / 'predictions.pkl'
    metrics, screen = run(test, trained.config, trained.checkpoint, '--work-dir', tmp_path,
                          '--out', out, '--show-dir', 'drawn')
    assert 0 <= metrics['coco/bbox_mAP'] <= 1
    assert 'testing     2 images in batches of 1' in screen
    assert sum('Average Precision' in line for line in screen.splitlines()) == 6
    assert '| category | boxes | precision | recall | F1    | score threshold |' in screen
    assert '| (all)    | 4     |' in screen
    predictions = pickle.loads(out.read_bytes())
    assert [prediction['img_id'] for prediction in predictions] == [1, 2]
    assert all(len(prediction['pred_instances']['scores']) <= 5 for prediction in predictions)
    assert len(list(tmp_path.glob('*/drawn/*.png'))) == 2


@pytest.mark.parametrize('checkpoint, words, message', [
    (None, ['--cfg-options', 'model.bbox_head.stacked_convs=2'], 'does not fit the model'),
    ('none.pth', [], 'Checkpoint not found: none.pth'),
    (None, ['--out', 'predictions.json'], '--out predictions.json')])
def test_words_that_are_refused(checkpoint, words, message, trained, run, tmp_path):
    with pytest.raises(UserError, match=message):
        run(test, trained.config, checkpoint or trained.checkpoint, '--work-dir', tmp_path, *words)
