"""Runs with stand-ins for ``train.py`` and ``test.py``."""
from functools import partial

import pytest

from fcos_mm.paper.runs import Run, Settings

# Stands for train.py: three steps, a "checkpoint" after each; goes on where it was.
TRAIN = '''
import pathlib, sys, time
folder = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
assert '--resume' in sys.argv
steps = folder / 'steps'
done = int(steps.read_text()) if steps.exists() else 0
(folder / 'starts').open('a').write('x')
for step in range(done, 3):
    time.sleep({pause})
    steps.write_text(str(step + 1))
(folder / 'last_checkpoint').write_text(str(folder / 'iter_3.pth'))
sys.exit({status})
'''
TEST = '''
import json, pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
assert sys.argv[2].endswith('iter_3.pth'), sys.argv
(folder / 'results.bbox.json').write_text('[]')
(folder / '20260101_000000').mkdir()
(folder / '20260101_000000' / '20260101_000000.json').write_text(json.dumps(dict(share=2.5)))
'''


@pytest.fixture
def settings(tmp_path):
    """``settings(pause=0., status=0, **more)``: how the stand-in trains, and the settings."""
    return partial(make_settings, tmp_path)


@pytest.fixture
def work():
    """``work(settings, experiment='fcos_c5', seed=0)``: a training and its test."""
    return make_work


def make_settings(tmp_path, *, pause=0., status=0, **more):
    tools = tmp_path / 'tools'
    tools.mkdir(exist_ok=True)
    (tools / 'train.py').write_text(TRAIN.format(pause=pause, status=status))
    (tools / 'test.py').write_text(TEST)
    return Settings(out=tmp_path / 'out', tools=tools, scale='tiny', **more)


def make_work(settings, experiment='fcos_c5', seed=0):
    training = Run(settings, experiment, seed)
    return [training, training._replace(test=experiment)]
