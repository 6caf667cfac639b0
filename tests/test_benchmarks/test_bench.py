"""The command line."""
import json

import bench
import pytest
import torch
from harness.case import Case, NotAvailable


@pytest.fixture
def run(monkeypatch, capsys):
    """Return a function that measures given cases: status, table, progress."""

    def call(*cases, options=()):
        def source(*, device, against):
            for case in cases:
                if isinstance(case, Exception):
                    raise case
                yield case

        monkeypatch.setattr(bench, 'case_source', lambda what, sweep: source)
        status = bench.main(['assign', '--rounds', '2', '--against', 'mmdet', *options])
        return status, *capsys.readouterr()

    return call


def case(name, ours, theirs):
    return Case(name, lambda: torch.tensor(ours), dict(mmdet=lambda: torch.tensor(theirs)),
                lambda here, there: '' if torch.equal(here, there) else 'they differ so')


def test_table_and_json(run, tmp_path):
    path = tmp_path / 'rows.json'
    status, table, progress = run(case('small', 1, 1), case('large', 2, 2),
                                  options=['--out', str(path)])
    assert status == 0
    assert f'torch {torch.__version__}' in table and 'ratio' in table
    rows = json.loads(path.read_text())
    assert [(row['what'], row['case'], row['peer']) for row in rows] == [
        ('assign', 'small', 'mmdet'), ('assign', 'large', 'mmdet')]
    assert rows[0]['environment']['device'] == 'cpu'
    assert 'assign: small: checking that mmdet gives the same result' in progress


def test_different_answers_are_not_timed(run, tmp_path):
    path = tmp_path / 'rows.json'
    status, table, progress = run(case('wrong', 1, 2), case('right', 1, 1),
                                  options=['--out', str(path)])
    assert status == 1
    assert 'assign: wrong: not timed, ours and mmdet differ: they differ so' in progress
    assert [row['case'] for row in json.loads(path.read_text())] == ['right']


def test_not_available(run):
    status, table, progress = run(NotAvailable('no compiler'))
    assert status == 3
    assert 'assign: not available: no compiler' in progress


def test_what_was_measured_before_counts(run):
    assert run(case('right', 1, 1), NotAvailable('no compiler'))[0] == 0


@pytest.mark.skipif(torch.cuda.is_available(), reason='there is a CUDA device')
def test_no_device(run):
    status, table, progress = run(case('right', 1, 1), options=['--device', 'cuda'])
    assert status == 3 and 'cuda: not available' in progress


@pytest.mark.parametrize('arguments', [
    ['sorting'], ['assign', '--against', 'yolo'], ['assign', '--rounds', '0'], []])
def test_wrong_arguments(arguments, capsys):
    with pytest.raises(SystemExit) as error:
        bench.main(arguments)
    assert error.value.code == 2


def test_help_has_a_line_for_each_what(capsys):
    with pytest.raises(SystemExit):
        bench.main(['--help'])
    text = capsys.readouterr().out
    for what in ('assign', 'loss', 'postprocess', 'nms'):
        line, = (line for line in text.splitlines() if line.split()[:1] == [what])
        assert len(line.split()) > 4
    assert all(what in text for what in bench.WHATS)


def test_precision():
    from cases import inference, nms
    assert bench.with_precision(nms.cases, 'fp32') is nms.cases
    assert bench.with_precision(inference.cases, 'bf16').keywords == dict(precision='bf16')
    with pytest.raises(NotAvailable, match='no case in bf16'):
        bench.with_precision(nms.cases, 'bf16')


def test_profile(run):
    status, table, progress = run(case('small', 1, 1), options=['--profile'])
    assert status == 0 and 'operators of ours' in table and 'Self CPU' in table


def test_sources():
    from cases import assign, nms
    assert bench.case_source('nms', sweep=False) is nms.cases
    assert bench.case_source('assign', sweep=True) is assign.sweep
    with pytest.raises(NotAvailable, match='no sweep'):
        bench.case_source('nms', sweep=True)
    with pytest.raises(NotAvailable, match='there is no'):
        bench.case_source('sorting-numbers', sweep=False)
