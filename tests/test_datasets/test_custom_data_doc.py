"""The config in docs/custom_data.md works on data in the layout it describes."""
import re
from pathlib import Path

from fcos_mm.config import load_config, set_data_root
from fcos_mm.datasets.checks import check_config_data

ROOT = Path(__file__).resolve().parents[2]


def test_config_of_the_page(folder, tmp_path):
    page = (ROOT / 'docs' / 'custom_data.md').read_text()
    text = re.findall(r'```python\n(.*?)```', page, re.DOTALL)[0]
    (tmp_path / 'mine.py').write_text(text.replace('fcos_mm::', f'{ROOT}/configs/'))
    cfg = load_config(str(tmp_path / 'mine.py'))
    assert cfg.model.bbox_head.num_classes == 2
    folder.write()
    for split in ('train', 'val'):
        target = tmp_path / 'annotations' / f'{split}.json'
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((tmp_path / 'ann.json').read_bytes())
    set_data_root(cfg, str(tmp_path))
    check_config_data(cfg, 'train')
    check_config_data(cfg, 'test')
