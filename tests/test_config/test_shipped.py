"""The shipped configs: names, places, and facts that agree with the files."""
import re
from pathlib import Path

import pytest
import yaml

from fcos_mm.config import load_config
from fcos_mm.config.shipped import config_facts, find_config, shipped_configs, shipped_folder
from fcos_mm.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
DEMO = 'fcos_csp-w25_fpn_shapes'
FACTS = {facts.name: facts for facts in config_facts()}


def test_every_config_is_listed_once():
    files = {file.stem: str(file.relative_to(ROOT / 'configs'))
             for file in (ROOT / 'configs').glob('[!_]*/*.py')}
    assert {name: facts.path for name, facts in FACTS.items()} == files
    assert len(config_facts()) == len(files) == len(shipped_configs())


@pytest.mark.parametrize('name', sorted(FACTS))
def test_facts_are_those_of_the_file(name):
    facts, cfg = FACTS[name], load_config(name)
    sizes = [step['scale'] for step in cfg.test_dataloader.dataset.pipeline
             if step['type'] == 'Resize']
    assert facts.input_size == '{}x{}'.format(*sizes[0])
    backbone = cfg.model.backbone
    init = backbone.get('init_cfg') or {}
    assert facts.pretrained == ('timm' if backbone.get('pretrained') else
                                init.get('checkpoint', ''))


def test_the_index_names_the_file_of_facts():
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    assert index == {'Import': ['configs/metafile.yml', 'configs/zoo.yml']}


def test_published_figures_in_the_readme():
    """A row that names a config and has a figure has the figure of the file of facts."""
    rows = re.findall(r'\| `(\S+_coco)\.py`.* \| (\d\d\.\d)\D', (ROOT / 'README.md').read_text())
    for name, figure in rows:
        assert f'AP {figure} ' in FACTS[name].published, name


@pytest.mark.parametrize('name', [
    DEMO, f'{DEMO}.py', f'fcos_mm::demo/{DEMO}.py', f'fcos_mm::demo/{DEMO}',
    str(ROOT / 'configs' / 'demo' / DEMO)])
def test_ways_to_name_a_shipped_config(name):
    assert Path(find_config(name)).resolve() == ROOT / 'configs' / 'demo' / f'{DEMO}.py'


def test_a_file_comes_before_a_shipped_config_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(f'{DEMO}.py').write_text('a = 1')
    assert find_config(DEMO) == f'{DEMO}.py'


@pytest.mark.parametrize('name, meant', [
    ('fcos_csp-w25_fpn_shape', DEMO),
    ('fcos_r50-cafe_fpn_gn-head_1x_coco.py', 'fcos_r50-caffe_fpn_gn-head_1x_coco'),
    (f'fcos_mm::demos/{DEMO}.py', DEMO),
    ('configs/my_confg.py', 'configs/my_config.py')])
def test_a_misspelt_name(name, meant, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('configs').mkdir()
    Path('configs', 'my_config.py').touch()
    with pytest.raises(UserError) as error:
        find_config(name)
    assert f'\nDid you mean {meant}?\n' in str(error.value)


def test_an_unknown_name():
    with pytest.raises(UserError) as error:
        find_config('yolo.py')
    assert str(error.value).startswith('Config not found: yolo.py\nGive the path')


def test_an_unknown_package():
    with pytest.raises(UserError, match="no installed package 'nothing_of_the_kind'"):
        find_config('nothing_of_the_kind::a.py')


def test_folder_of_the_tools():
    assert (shipped_folder('tools') / 'train.py').is_file()
