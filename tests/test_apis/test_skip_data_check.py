"""Training checks its data first, unless told not to."""
import json
import shutil

import pytest

from fcos_mm.apis import train
from fcos_mm.errors import UserError


@pytest.fixture
def faulty(tiny_data, tmp_path):
    """Data whose annotations give a picture another size."""
    root = tmp_path / 'data'
    shutil.copytree(tiny_data, root)
    data = json.loads((root / 'train.json').read_text())
    data['images'][1]['width'] = 63
    (root / 'train.json').write_text(json.dumps(data))
    return root


def test_check_before_training(faulty, tiny_config, tmp_path, run):
    with pytest.raises(UserError, match=r'train_2.png is 64 x 48, .* says 63 x 48'):
        run(train.main, [tiny_config, '--work-dir', tmp_path / 'run', '--cfg-options',
                         f'train_dataloader.dataset.data_root={faulty}'])
    assert not (tmp_path / 'run').exists()


def test_no_check(faulty, tiny_config, tmp_path, run):
    run(train.main, [tiny_config, '--work-dir', tmp_path / 'run', '--skip-data-check',
                     '--cfg-options', f'train_dataloader.dataset.data_root={faulty}'])
    assert (tmp_path / 'run' / 'epoch_1.pth').is_file()
