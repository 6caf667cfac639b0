"""The table of published detectors: OpenMMLab's form, and the figures of its sources."""
import importlib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from fcos_mm.checkpoints.convert.recognise import find_source
from fcos_mm.checkpoints.zoo.cache import cache_folder, file_of, is_offline
from fcos_mm.checkpoints.zoo.table import find_zoo_model, zoo_models, zoo_names
from fcos_mm.config.shipped import shipped_configs
from fcos_mm.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
TABLE = yaml.safe_load((ROOT / 'configs' / 'zoo.yml').read_text())
MODELS = {entry['Name']: entry for entry in TABLE['Models']}


def test_names_are_unique_and_those_of_no_config():
    names = [name for model in zoo_models() for name in (model.name, *model.aliases)]
    assert len(names) == len({*names}) == len(zoo_names())
    assert not {*names} & {*shipped_configs()}
    assert all(name.startswith('fcos_') and name.endswith('_coco') for name in names)
    assert {'fcos_r50_coco', 'fcos_r101_coco', 'fcos_x101_coco', 'fcos_rt_dla34_coco',
            'fcos_r50_torchvision_coco'} <= {*names}


@pytest.mark.parametrize('name', MODELS)
def test_an_entry_has_the_form_of_openmmlab(name):
    """The keys that mim and mmengine's list_models read."""
    entry = MODELS[name]
    assert entry['In Collection'] in {collection['Name'] for collection in TABLE['Collections']}
    for result in entry['Results']:
        assert result['Task'] == 'Object Detection' and result['Dataset'].startswith('COCO')
        assert 25 < result['Metrics']['box AP'] < 50
    assert isinstance(entry['Weights'], str) and entry['Code']['URL'].startswith('https://')
    assert isinstance(entry.get('Alias', []), list)
    assert entry['Metadata']['Input'] in ('1333x800', '736x512')


@pytest.mark.parametrize('name', MODELS)
def test_an_entry_names_a_shipped_config(name):
    """mmengine warns of entries without one, whichever config it looks for."""
    path = ROOT / MODELS[name]['Config']
    known = shipped_configs()
    assert known[path.stem].resolve() == path


@pytest.mark.parametrize('name', MODELS)
def test_addresses(name):
    model = find_zoo_model(name)
    parts = urlsplit(model.address)
    assert parts.scheme == 'https' and parts.query in ('', 'download=true')
    assert parts.hostname in ('download.openmmlab.com', 'download.pytorch.org', 'huggingface.co')
    assert file_of(model).parent.parent.parent == cache_folder()
    assert len(model.sha256_prefix) == (8 if model.source in ('mmdet', 'torchvision') else 0)


def test_files_are_told_apart():
    files = [file_of(model) for model in zoo_models()]
    assert len({*files}) == len(files)


def test_all_of_mmdets_with_its_figures():
    """Against mmdet's own file; one of its lines has other names."""
    metafile = Path(importlib.import_module('mmdet').__file__).parent / '.mim' / 'configs' / \
        'fcos' / 'metafile.yml'
    if not metafile.exists():
        pytest.skip('mmdet is installed without its configs')
    theirs = {model['Name']: (model['Weights'], model['Results'][0]['Metrics']['box AP'])
              for model in yaml.safe_load(metafile.read_text())['Models']}
    assert {model.published_as: (model.address, model.ap) for model in zoo_models()
            if model.source == 'mmdet'} == theirs


@pytest.mark.parametrize('name, ap, dev, file', [
    ('fcos_r50_coco', 38.7, None, 'fcos_center-normbbox-centeronreg-giou_r50_caffe_fpn_gn-head_1x_'
     'coco-0a0d75a8.pth'),
    ('fcos_r50_torchvision_coco', 39.2, None, 'fcos_resnet50_fpn_coco-99b0c9b7.pth'),
    ('fcos_x101-64x4d-dcn_improved_ms-2x_official_coco', 46.6, None,
     'FCOS_imprv_dcnv2_X_101_64x4d_FPN_2x.pth'),
    ('fcos_r101_ms-2x_official_coco', 41.4, 41.5, 'FCOS_R_101_FPN_2x.pth'),
    ('fcos_mobilenetv2_coco', 33.1, None, 'FCOS_syncbn_bs32_MNV2_FPN_1x.pth'),
    ('fcos_x101-32x8d-dcn_iou_ms-2x_adelaidet_coco', 47.4, None,
     'FCOS_MS_X_101_32x8d_2x_dcnv2_iou.pth'),
    ('fcos_rt_dla34_coco', 40.3, 40.3, 'FCOS_RT_MS_DLA_34_4x_syncbn.pth')])
def test_figures_as_published(name, ap, dev, file):
    model = find_zoo_model(name)
    assert (model.ap, model.ap_test_dev, model.file_name) == (ap, dev, file)


def test_short_names_are_mmdets_where_it_has_one():
    for backbone in ('r50', 'r50-dcn', 'r101', 'x101'):
        model = find_zoo_model(f'fcos_{backbone}_coco')
        others = [other for other in zoo_models() if other.source == 'mmdet'
                  and other.name.split('_')[1].startswith(backbone)
                  and ('-dcn' in other.name) == ('-dcn' in backbone)]
        assert model.source == 'mmdet' and model.ap == max(other.ap for other in others)


@pytest.mark.parametrize('name', MODELS)
def test_sources_and_variants_are_those_of_the_converter(name):
    source = find_source(MODELS[name]['Source'])
    assert MODELS[name].get('Variant') in (source.variants or (None, ))


@pytest.mark.parametrize('address', [
    'file:///etc/a.pth', 'https://host/', 'https://host/..', 'https://host/a.exe',
    'https://host/.pth', 'https://host/a b.pth'])
def test_addresses_that_are_refused(address):
    from dataclasses import replace
    model = replace(zoo_models()[0], address=address)
    with pytest.raises(UserError, match='Give an address of http or https'):
        file_of(model)


@pytest.mark.parametrize('variables, folder', [
    ({'FCOS_MM_CACHE': '/a', 'XDG_CACHE_HOME': '/b'}, '/a'),
    ({'FCOS_MM_CACHE': '~/c'}, '/somewhere/c'), ({'XDG_CACHE_HOME': '/b'}, '/b/fcos_mm'),
    ({}, '/somewhere/.cache/fcos_mm')])
def test_the_folder_of_the_cache(variables, folder, monkeypatch):
    for name in ('FCOS_MM_CACHE', 'XDG_CACHE_HOME'):
        monkeypatch.delenv(name, raising=False)
    for name, value in {'HOME': '/somewhere', **variables}.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == Path(folder)


@pytest.mark.parametrize('value, offline', [('1', True), ('true', True), ('0', False), ('', False)])
def test_the_variable_offline(value, offline, monkeypatch):
    monkeypatch.setenv('FCOS_MM_OFFLINE', value)
    assert is_offline() is offline


@pytest.mark.parametrize('name', MODELS)
def test_the_guide_has_a_row(name):
    model = find_zoo_model(name)
    names = '<br>'.join(f'`{known}`' for known in (*model.aliases, model.name))
    dev = '' if model.ap_test_dev is None else f'; {model.ap_test_dev:.1f} test-dev'
    assert (f'| {names} | {model.about} | {model.input_size} | {model.ap:.1f} {model.split}{dev} '
            f'| [{model.file_name}]({model.address}) |\n'
            ) in (ROOT / 'docs' / 'model_zoo.md').read_text()
