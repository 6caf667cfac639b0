"""The config that a name stands for: that of a file, or the one for a user's own data."""
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from mmengine.config import Config

from fcos_mm.apis.check_data import is_data
from fcos_mm.config import load_config
from fcos_mm.datasets.sources import prepare_data
from fcos_mm.errors import UserError
from fcos_mm.recipes.choice import show
from fcos_mm.recipes.config_file import BASE, config_text, write_config
from fcos_mm.recipes.machine import this_machine
from fcos_mm.recipes.recipe import Options, choose_input


@contextmanager
def config_of(name: str, settings: Mapping | None = None, classes: Sequence[str] | None = None
              ) -> Iterator[Config]:
    """The config of a name, or the one that ``train --data`` would write for a folder.

    What is made of data lies in a temporary folder and is gone afterwards.

    Args:
        name: A config, or a folder or YOLO's ``data.yaml``.
        settings: Of ``--cfg-options``.
        classes: Those of a folder that count; None for all.

    Raises:
        UserError: If the config or the data cannot be used.
    """
    if not is_data(name):
        if classes:
            raise UserError('--classes is for a folder; a config names its classes.')
        yield load_config(name, settings)
        return
    with tempfile.TemporaryDirectory(prefix='fcos_mm_browse_') as folder:
        data = prepare_data(name, folder, classes=classes)
        print('\n'.join([data.layout, *data.notes]))
        choices = choose_input(data, load_config(BASE), Options(), this_machine())
        show([choice for choice in choices if choice.name not in (settings or {})])
        path = Path(folder, 'browse.py')
        write_config(path, config_text(data, choices, {}))
        yield load_config(str(path), settings)
