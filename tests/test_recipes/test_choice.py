"""Choices on the screen."""
from fcos_mm.recipes.choice import Choice, show


def test_lines_in_a_pipe(capsys):
    show([Choice('image_size', (320, 240), 'small'), Choice('classes', ('cup', 'jar'), '2'),
          Choice('regress_ranges', ((0, 24), (24, None)), 'fit'), Choice('lr', 0.001, 'given')])
    assert capsys.readouterr().out.splitlines() == [
        'image_size      320 x 240  small',
        'classes         cup, jar   2',
        'regress_ranges  0-24, 24-  fit',
        'lr              0.001      given']


def test_table_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv('NO_COLOR', '1')
    monkeypatch.setenv('TERM', 'dumb')
    monkeypatch.setattr('sys.stdout.isatty', lambda: True)
    show([Choice('classes', ('[bold]', 'jar'), 'two')])
    heading, line = capsys.readouterr().out.splitlines()
    assert heading.split() == ['setting', 'value', 'why']
    assert line.split() == ['classes', '[bold],', 'jar', 'two']
