"""Tables and JSON."""
import json

import pytest
from harness.report import number, read_json, sentence, table, write_json


@pytest.mark.parametrize('value, text', [
    (0.012, '0.0120'), (0.5, '0.500'), (7., '7.00'), (45.678, '45.7'), (999.5, '1,000'),
    (13252.3, '13,252'), (None, '-')])
def test_numbers(value, text):
    assert number(value) == text


def test_table(row):
    lines = table([row(), row(peer=None, peer_ms=None, ratio=None, peer_mem_mb=None)]).splitlines()
    assert lines[0].split() == ('what case peer ours ms peer ms ratio quartiles of bests ours '
                                'MB peer MB rounds').split()
    assert lines[1].split() == ['assign', 'some', 'mmdet', '2.00', '8.00', '4.00', '3.50..4.50',
                                '5.00', '1.00', '50.0', '5']
    assert lines[2].split() == ['assign', 'some', '-', '2.00', '-', '-', '-', '-', '1.00', '-', '5']


def test_sentence(row):
    assert sentence(row()) == 'assign: some: ours 2.00 ms, mmdet 8.00 ms, ratio 4.00'
    assert sentence(row(peer=None)) == 'assign: some: ours 2.00 ms'


def test_json(row, tmp_path):
    rows = [row(), row(case='other')]
    for each in rows:
        facts = each.pop('environment')
    path = tmp_path / 'new' / 'rows.json'
    write_json(path, rows, facts)
    written = json.loads(path.read_text())
    assert written == [dict(each, environment=facts) for each in rows]
    assert read_json([path, path]) == written * 2
