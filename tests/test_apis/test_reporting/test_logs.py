"""The logs of a training and of its resumed parts are one."""
import json

import pytest

from fcos_mm.apis.reporting.logs import read_logs


@pytest.fixture
def write(tmp_path):
    """``write(name, rows)``: the log of a run; a row is a step of training or, negative, an epoch
    of validation, and its value."""
    def write_rows(name, rows, end=''):
        folder = tmp_path / name / 'vis_data'
        folder.mkdir(parents=True)
        lines = [json.dumps(dict(loss=value, iter=step, step=step) if step > 0 else
                            {'coco/bbox_mAP': value, 'step': -step}) for step, value in rows]
        (folder / 'scalars.json').write_text('\n'.join([*lines, end]))
        return tmp_path

    return write_rows


def steps(rows):
    return [row['step'] if 'iter' in row else -row['step'] for row in rows]


def test_a_step_that_a_resumed_run_repeats_counts_once(write):
    write('20260102_000000', [(15, .3), (20, .3), (-2, .7), (25, .2)])
    work_dir = write('20260101_000000', [(5, .9), (10, .8), (-1, .1), (15, .4), (20, .4), (-2, .6)])
    rows = read_logs(work_dir)
    assert steps(rows) == [5, 10, -1, 15, 20, -2, 25]
    assert [row.get('loss') for row in rows] == [.9, .8, None, .3, .3, None, .2]
    assert rows[5]['coco/bbox_mAP'] == .7


def test_a_run_that_starts_again_replaces_the_one_before(write):
    write('1', [(5, .9), (10, .8), (-1, .1), (15, .5)])
    assert steps(read_logs(write('2', [(5, .7), (-1, .2)]))) == [5, -1]


def test_what_a_killed_run_did_not_finish_writing_is_left_out(write):
    assert steps(read_logs(write('1', [(5, .9)], end='{"loss": 0.1, "it'))) == [5]


def test_no_training(tmp_path):
    assert read_logs(tmp_path) == []
