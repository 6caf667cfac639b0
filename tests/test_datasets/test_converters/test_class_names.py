"""Class names from a text file or from YAML."""
import pytest

from fcos_mm.datasets.converters import read_class_names
from fcos_mm.errors import UserError


@pytest.mark.parametrize('name, text', [
    ('names.txt', 'cup\njar\n\n'),
    ('data.yaml', 'names: [cup, jar]\nnc: 2\n'),
    ('data.yml', 'names:\n  0: cup\n  1: jar\n'),
])
def test_class_names(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert read_class_names(str(tmp_path / name)) == ['cup', 'jar']


def test_class_names_with_a_mark_of_utf_8(tmp_path):
    (tmp_path / 'names.txt').write_text('\ufeffcup\njar\n')
    assert read_class_names(str(tmp_path / 'names.txt')) == ['cup', 'jar']


def test_class_names_in_another_encoding(tmp_path):
    (tmp_path / 'names.txt').write_bytes('café\n'.encode('latin-1'))
    with pytest.raises(UserError, match='not UTF-8: .*names.txt'):
        read_class_names(str(tmp_path / 'names.txt'))


# 10 to the power of 9 names, by nested aliases
BILLION_NAMES = 'a0: &a0 [cup]\n' + ''.join(
    f'a{level}: &a{level} [{", ".join([f"*a{level - 1}"] * 10)}]\n' for level in range(1, 10)
) + 'names: *a9\n'


@pytest.mark.parametrize('name, text', [
    ('names.txt', ''), ('names.txt', 'cup\ncup\n'), ('data.yaml', 'nc: 2\n'),
    ('data.yaml', 'names: {1: cup, 2: jar}'), ('data.yaml', 'names: [cup'),
    ('data.yaml', 'names: {a: cup, 0: jar}'), ('data.yaml', 'names: [[cup], [jar]]'),
    ('data.yaml', 'names: [!!python/object/apply:os.mkdir [made]]'),
    ('data.yaml', BILLION_NAMES), ('data.yaml', '[' * 100000),
])
def test_class_names_that_cannot_be_used(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=str(tmp_path / name)):
        read_class_names(str(tmp_path / name))
