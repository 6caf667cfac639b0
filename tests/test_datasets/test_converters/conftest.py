"""Folders in the layouts of VOC and YOLO, and a function that runs a tool."""
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

PROJECT = Path(__file__).parents[3]
TOOLS = PROJECT / 'tools' / 'dataset_converters'


def write_image(path, width=60, height=40):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((height, width, 3), np.uint8))


class VocFolder:
    """A VOC dataset written image by image.

    Args:
        root: Its folder.
    """

    def __init__(self, root):
        self.root = root
        for name in ('Annotations', 'ImageSets/Main', 'JPEGImages'):
            (root / name).mkdir(parents=True)

    def add(self, split, name, objects, size=(60, 40), extra=''):
        write_image(self.root / 'JPEGImages' / f'{name}.jpg')
        items = ''.join(
            f'<object><name>{label}</name>{extra}<bndbox><xmin>{box[0]}</xmin><ymin>{box[1]}'
            f'</ymin><xmax>{box[2]}</xmax><ymax>{box[3]}</ymax></bndbox></object>'
            for label, box in objects)
        (self.root / 'Annotations' / f'{name}.xml').write_text(
            f'<annotation><size><width>{size[0]}</width><height>{size[1]}</height></size>'
            f'{items}</annotation>')
        self.list(split, name)

    def list(self, split, line):
        with open(self.root / 'ImageSets' / 'Main' / f'{split}.txt', 'a') as file:
            file.write(f'{line}\n')


@pytest.fixture
def voc(tmp_path):
    folder = VocFolder(tmp_path / 'voc')
    folder.add('train', 'b', [('jar', (1, 1, 60, 40)), ('cup', (10, 20, 30, 40))])
    folder.add('train', 'a', [('cup', (2, 3, 4, 5))])
    folder.add('test', 'c', [('pan', (5, 5, 9, 9))])
    return folder


@pytest.fixture
def yolo(tmp_path):
    write_image(tmp_path / 'images' / 'a.jpg')
    write_image(tmp_path / 'images' / 'sub' / 'b.png', 100, 50)
    write_image(tmp_path / 'images' / 'empty.jpg')
    (tmp_path / 'labels' / 'sub').mkdir(parents=True)
    (tmp_path / 'labels' / 'a.txt').write_text('1 0.5 0.5 0.5 0.25\n\n0 0.1 0.2 0.2 0.4\n')
    (tmp_path / 'labels' / 'sub' / 'b.txt').write_text('0 0.5 0.5 1 1\n')
    return tmp_path


@pytest.fixture
def run(monkeypatch, capsys):
    """A function that runs a tool: its exit status, output and errors."""

    def run_tool(name, *args):
        monkeypatch.setattr(sys, 'argv', [name, *map(str, args)])
        with pytest.raises(SystemExit) as done:
            runpy.run_path(str(TOOLS / name), run_name='__main__')
        return done.value.code, *capsys.readouterr()

    return run_tool
