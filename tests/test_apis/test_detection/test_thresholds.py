"""Which scores are kept."""
import numpy as np
import pytest

from fcos_mm.apis.detection.thresholds import choose_thresholds
from fcos_mm.errors import UserError
from fcos_mm.evaluation.score_threshold import ScoreThresholds

STORED = ScoreThresholds(overall=0.4, f1=0.7, classes=dict(cup=0.25)).to_meta()


@pytest.mark.parametrize('score_thr, meta, by_class, note', [
    (0.5, STORED, (0.5, 0.5), '0.5'),
    ('auto', STORED, (0.25, 0.4), '0.25 to 0.40 by class (best F1 on the validation set)'),
    ('auto', {}, (0.3, 0.3),
     '0.3 (the checkpoint stores no threshold; `fcos-mm test` finds the best one)')])
def test_choice(score_thr, meta, by_class, note):
    chosen = choose_thresholds(score_thr, meta, ('cup', 'jar'))
    assert chosen.by_class == by_class and chosen.note == note


def test_kept_and_just_missed():
    chosen = choose_thresholds('auto', STORED, ('cup', 'jar'))
    scores = np.array([0.25, 0.24, 0.4, 0.39, 0.31, 0.14, np.nan], np.float32)
    labels = np.array([0, 0, 1, 1, 1, 0, 0])
    assert chosen.keep(scores, labels).tolist() == [True, False, True, *[False] * 4]
    assert chosen.near(scores, labels).tolist() == [False, True, False, True, True, False, False]


def test_a_score_that_is_stored_is_reached_by_itself():
    score = np.float32(0.123456789)
    meta = ScoreThresholds(overall=float(score), f1=0.5, classes={}).to_meta()
    assert choose_thresholds('auto', meta, ('cup', )).keep(score[None], np.array([0])).all()


def test_a_number_that_is_no_score():
    with pytest.raises(UserError, match='between 0 and 1'):
        choose_thresholds(30, {}, ('cup', ))
