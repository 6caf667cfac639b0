"""What the tests of charts share: the parts of a chart, read as XML."""
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest


def _with_class(root, name):
    return [part for part in root.iter() if name in part.get('class', '').split()]


@pytest.fixture
def read():
    """``read(markup)``: ``paths`` of marks, their ``tooltips``, all ``texts``, the ``root``."""

    def parse(markup):
        root = ElementTree.fromstring(f'<div>{markup}</div>')
        marks = _with_class(root, 'mark')
        return SimpleNamespace(
            root=root, marks=marks, paths=[mark.get('d') for mark in marks],
            tooltips=[mark.findtext('title') for mark in marks],
            texts=[text.text for text in root.iter('text')],
            legend=[''.join(entry.itertext()) for entry in root.iter('li')],
            with_class=lambda name: _with_class(root, name))

    return parse
