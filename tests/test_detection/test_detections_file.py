"""The file of detections is whole at any moment."""
import json
import os

import pytest

from fcos_mm.detection.detections_file import DetectionsFile
from fcos_mm.errors import UserError

ROW = dict(file_name='名 "a".png', category_id=1, bbox=[0.5, 1, 2, 3], score=0.9)


def test_it_can_be_read_after_every_image(tmp_path):
    path = tmp_path / 'detections.json'
    path.write_text('of an earlier run')
    rows = []
    with DetectionsFile(str(path)) as file:
        assert json.loads(path.read_text()) == []
        for number in (2, 0, 1, 3):
            file.add([ROW] * number)
            rows += [ROW] * number
            assert json.loads(path.read_text()) == rows and file.count == len(rows)
    assert os.listdir(tmp_path) == ['detections.json']


def test_an_image_costs_the_same_however_many_came_before(tmp_path, monkeypatch):
    pwrite, written = os.pwrite, []
    monkeypatch.setattr(os, 'pwrite', lambda file, content, place: written.append(len(content))
                        or pwrite(file, content, place))
    with DetectionsFile(str(tmp_path / 'a.json')) as file:
        for _ in range(50):
            file.add([ROW])
    assert written[2:] == [written[2]] * 49


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / 'a.json'
    pwrite = os.pwrite

    def full(file, content, place):
        if len(content) > 500:
            return pwrite(file, content[:500], place)  # what fits, and then:
        if place > 500:
            raise OSError(28, 'No space left on device')
        return pwrite(file, content, place)

    with DetectionsFile(str(path)) as file:
        file.add([ROW])
        monkeypatch.setattr(os, 'pwrite', full)
        with pytest.raises(UserError, match='No space left on device. The 1 detections before'):
            file.add([ROW] * 20)
        assert json.loads(path.read_text()) == [ROW]
        monkeypatch.undo()
        file.add([ROW])
        assert json.loads(path.read_text()) == [ROW] * 2


def test_numbers_that_json_does_not_have(tmp_path):
    with DetectionsFile(str(tmp_path / 'a.json')) as file:
        with pytest.raises(ValueError):
            file.add([dict(score=float('nan'))])
    assert json.loads((tmp_path / 'a.json').read_text()) == []


def test_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(UserError, match='No such file or directory'):
        DetectionsFile(str(tmp_path / 'none' / 'a.json'))
