"""The benchmark of the data check runs, and what it checks is clean."""
import re
import sys

import data_check


def test_small(monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['data_check.py', '--images', '6', '--boxes', '9'])
    data_check.main()
    assert re.fullmatch(r'6 images, 9 boxes: [0-9.]+ s, of which [0-9.]+ s to read the file\n',
                        capsys.readouterr().out)


def test_a_file_for_each_image(tmp_path):
    data_check.write_images(tmp_path / 'images', 3)
    names = sorted(path.name for path in (tmp_path / 'images').iterdir())
    assert names == ['000000000000.jpg', '000000000001.jpg', '000000000002.jpg']
