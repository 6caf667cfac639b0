"""Cases from the field: what annotation tools, old configs and odd images do to a user.

Each file of this folder is a table: one case a row, with the reason why it is
there and the right answer. ``small_shapes`` is the data, the demo's config the
model. Cases run in this process unless they are about processes.
"""
import contextlib
import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.logging import MessageHub, MMLogger

from fcos_mm.cli import main, train
from fcos_mm.datasets.shapes import make_shapes
from fcos_mm.visualization import DetLocalVisualizer

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / 'configs' / 'demo' / 'fcos_csp-w25_fpn_shapes.py'

#: Settings under which a training of the demo's config takes two iterations.
SHORT = '''
train_dataloader = dict(batch_size=4, num_workers=0, persistent_workers=False)
val_dataloader = dict(batch_size=4, num_workers=0, persistent_workers=False)
test_dataloader = dict(batch_size=4, num_workers=0, persistent_workers=False)
train_cfg = dict(max_epochs=1, val_interval=1)
default_hooks = dict(checkpoint=dict(interval=1), logger=dict(interval=1))
randomness = dict(seed=0)
'''


@pytest.fixture(scope='session')
def small_shapes(tmp_path_factory) -> Path:
    """The generated dataset cut to 16 + 8 + 8 images; not to be changed."""
    root = tmp_path_factory.mktemp('small_shapes')
    make_shapes(str(root), counts=(16, 8, 8))
    return root


def config_text(root: Path, text: str = '', base: Path = DEMO) -> str:
    """A child of ``base`` that trains four iterations on the small data under ``root``."""
    moved = ''.join(f"{split}_dataloader['dataset'] = dict(data_root='{root}/')\n"
                    for split in ('train', 'val', 'test'))
    moved += ''.join(f"{split}_evaluator = dict(ann_file='{root}/annotations/{split}.json')\n"
                     for split in ('val', 'test'))
    return f"_base_ = '{base}'\n{SHORT}\n{moved}\n{text}\n"


@pytest.fixture
def write_config(small_shapes, tmp_path):
    """``write_config(text, base=DEMO, root=small_shapes)``: a child config, as a path.

    It trains four iterations on the small data. ``text`` stands behind these
    settings, at the end of the file.
    """

    def write(text: str = '', base: Path = DEMO, root: Path = small_shapes,
              name: str = 'field.py') -> Path:
        path = tmp_path / name
        path.write_text(config_text(root, text, base))
        return path

    return write


def run_tool(command, *words) -> SimpleNamespace:
    """Run a command in this process.

    Returns:
        ``result``, what it returned, and ``screen``, what it printed.
    """
    for kind in (MMLogger, MessageHub, DetLocalVisualizer):  # named by the second
        kind._instance_dict.clear()
    screen = io.StringIO()
    with contextlib.redirect_stdout(screen), contextlib.redirect_stderr(screen):
        result = main(command, [str(word) for word in words])
    return SimpleNamespace(result=result, screen=screen.getvalue())


@pytest.fixture
def run():
    """``run(command, *words)``: see :func:`run_tool`."""
    return run_tool


@pytest.fixture(scope='session')
def short_run(small_shapes, tmp_path_factory) -> SimpleNamespace:
    """A finished training of four iterations: config, work_dir, checkpoint, screen."""
    folder = tmp_path_factory.mktemp('short_run')
    config = folder / 'short.py'
    config.write_text(config_text(small_shapes))
    done = run_tool(train, config, '--work-dir', folder / 'work')
    return SimpleNamespace(config=config, work_dir=folder / 'work', screen=done.screen,
                           checkpoint=folder / 'work' / 'epoch_1.pth')


@pytest.fixture
def field() -> SimpleNamespace:
    """The places that the tables name."""
    return SimpleNamespace(root=ROOT, demo=DEMO)
