"""Tables for the documentation."""
import json

import table


def test_markdown(row, tmp_path, capsys):
    path = tmp_path / 'rows.json'
    path.write_text(json.dumps([row(), row(case='alone', peer=None, ratio=None), row(what='loss')]))
    assert table.main([str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith('##')] == ['## assign', '## loss']
    assert lines[5].startswith('| case | peer | ours, ms |')
    assert lines[7] == '| some | mmdet | 2.00 | 8.00 | 4.00 | 3.50 to 4.50 | 1.00 | 50.0 |'
    assert lines[8].startswith('| alone | - | 2.00 |')
