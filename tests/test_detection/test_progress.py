"""How far a run is."""
import io

from fcos_mm.detection.progress import progress_on


class Terminal(io.StringIO):
    """A screen that is a terminal."""

    def isatty(self):
        return True


def test_lines():
    screen = io.StringIO()
    with progress_on(screen, 103) as progress:
        progress.step('a.jpg', '3 detections')
        for frame in range(102):
            progress.step('b.mp4', '1 detections', frame)
        progress.say('warning: odd')
    first, *frames, last = screen.getvalue().splitlines()
    assert first.startswith('[1/103, ') and first.endswith(' left] a.jpg: 3 detections')
    assert [line.partition('] ')[2] for line in frames] == [
        'b.mp4, frame 0: 1 detections', 'b.mp4, frame 100: 1 detections']
    assert frames[1].startswith('[102/103, ') and last == 'warning: odd'


def test_one_image_is_not_counted():
    screen = io.StringIO()
    with progress_on(screen, 1) as progress:
        progress.step('a.jpg', '3 detections')
    assert screen.getvalue() == 'a.jpg: 3 detections\n'


def test_a_bar_on_a_terminal():
    screen = Terminal()
    with progress_on(screen, 2) as progress:
        progress.step('in/a[b].jpg', '3 detections')
        progress.say('warning: [odd]')
        progress.step('in/c.jpg', '4 detections')
    shown = screen.getvalue()
    assert '2/2' in shown and 'c.jpg: 4 detections' in shown and 'warning: [odd]\n' in shown
