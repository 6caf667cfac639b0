"""Where drawings go."""
import pytest

from fcos_mm.runtime.drawing_paths import DrawingPaths, drawing_path


@pytest.mark.parametrize('name, drawing', [
    ('a.jpg', 'a.jpg'), ('a.JPEG', 'a.JPEG'), ('a.png', 'a.png'), ('a.pgm', 'a.pgm.png'),
    ('a.tif', 'a.tif.png'), ('a.jfif', 'a.jfif.jpg'), ('a.webp', 'a.webp.jpg'), ('a', 'a.png'),
    ('a.b/c', 'a.b/c.png')])
def test_where_drawings_go(name, drawing):
    assert drawing_path(name) == drawing


def test_no_path_is_given_twice():
    paths = DrawingPaths()
    assert [paths.of(name) for name in ('a.pgm', 'a.pgm.png', 'b/a.jpg', 'a.pgm')] == [
        'a.pgm.png', 'a.pgm_2.png', 'b/a.jpg', 'a.pgm_3.png']
