"""No file of predictions runs code; those of tools/test.py are read."""
import pickle
import pickletools

import numpy as np
import pytest
import torch
from mmengine.fileio import dump

from fcos_mm.apis.draw_grid import read_predictions
from fcos_mm.checkpoints.safe_pickle import load_plain_pickle
from fcos_mm.errors import UserError

from .conftest import ATTACKS, Call

RESULT = dict(img_path='a.png', img_id=1, scale_factor=(np.float64(0.5), 0.5),
              ori_shape=np.array([4, 6]), pred_instances=dict(
                  bboxes=torch.tensor([[0., 1., 2., 3.]]), scores=torch.tensor([0.5]),
                  labels=torch.tensor([1])))


@pytest.mark.parametrize('protocol', [0, 2, 4])
@pytest.mark.parametrize('attack', ATTACKS)
def test_code_does_not_run(hostile_file, marker, attack, protocol):
    path = hostile_file(attack, f'pickle {protocol}',
                        lambda content: [dict(RESULT, extra=content)], 'results.pkl')
    with pytest.raises(UserError, match=r'results.pkl (could run code|cannot be read)'):
        read_predictions(str(path))
    assert not marker.exists()


@pytest.mark.parametrize('wrapping', ['zip', 'legacy', 'tar'])
def test_a_checkpoint_is_no_prediction(hostile_file, marker, wrapping):
    path = hostile_file('os.mkdir', wrapping)
    with pytest.raises(UserError, match='(?s)stranger.pth .*--out FILE.pkl'):
        read_predictions(str(path))
    assert not marker.exists()


@pytest.mark.parametrize('protocol', range(5))
def test_predictions_come_back(tmp_path, protocol):
    dump([RESULT], tmp_path / 'results.pkl', protocol=protocol)
    result, = read_predictions(str(tmp_path / 'results.pkl'))
    assert result['img_path'] == 'a.png' and result['scale_factor'] == (0.5, 0.5)
    assert result['ori_shape'].tolist() == [4, 6]
    for name, value in RESULT['pred_instances'].items():
        assert torch.equal(result['pred_instances'][name], value)
        assert result['pred_instances'][name].dtype == value.dtype


def test_tensors_that_share_their_numbers(tmp_path):
    """Slices are written with the whole storage."""
    whole = torch.arange(12.).reshape(3, 4)
    dump([whole[1:], whole.T], tmp_path / 'a.pkl')
    rows, columns = load_plain_pickle(str(tmp_path / 'a.pkl'))
    assert torch.equal(rows, whole[1:]) and torch.equal(columns, whole.T)


def assemble(*operations) -> bytes:
    """A pickle written by hand: operations by name, with their encoded argument."""
    codes = {operation.name: operation.code.encode('latin1') for operation in pickletools.opcodes}
    return b''.join(codes[name] + argument for name, argument in operations)


TENSOR = ('GLOBAL', b'torch._utils\n_rebuild_tensor_v2\n')


@pytest.mark.parametrize('content', [
    # gives a function that may be called other defaults
    assemble(TENSOR, ('NONE', b''), ('EMPTY_DICT', b''), ('MARK', b''),
             ('UNICODE', b'__defaults__\n'), ('EMPTY_TUPLE', b''), ('SETITEMS', b''),
             ('TUPLE2', b''), ('BUILD', b''), ('STOP', b'')),
    # a result that is a function
    assemble(TENSOR, ('STOP', b'')),
    # a name by number
    assemble(('EXT1', b'\x01'), ('STOP', b'')),
    # a tensor of no storage
    pickle.dumps(Call(torch._utils._rebuild_tensor_v2, [1.0] * 4, 0, (4, ), (1, ), False, {})),
    # a storage that is a checkpoint
    pickle.dumps(Call(torch.storage._load_from_bytes, b'PK\x03\x04')),
    # a memo of 32 GB
    assemble(('NONE', b''), ('LONG_BINPUT', b'\xff\xff\xff\xff'), ('STOP', b'')),
    pickle.dumps(Call(bytes, 10**12)), pickle.dumps(np.array([None])),
    b'', b'.', b'\x80', b'\x80\x05', b'(' * 10000, b']' * 10 + b'.',
], ids=range(14))
def test_what_only_a_hand_can_write(tmp_path, content):
    (tmp_path / 'a.pkl').write_bytes(content)
    try:
        loaded = load_plain_pickle(str(tmp_path / 'a.pkl'))
    except UserError as error:
        assert 'a.pkl' in str(error)
    else:
        assert loaded in (None, [])


@pytest.mark.parametrize('change', [
    dict(bboxes=torch.zeros(1, 5)), dict(bboxes=[[0, 0, 1, 1]]), dict(scores=torch.zeros(2)),
    dict(labels=torch.zeros(1)), dict(labels=None), dict(scores=torch.zeros(1, dtype=torch.long))])
def test_an_entry_that_is_no_prediction(tmp_path, change):
    wrong = dict(RESULT, pred_instances=dict(RESULT['pred_instances'], **change))
    dump([RESULT, wrong], tmp_path / 'results.pkl')
    with pytest.raises(UserError, match='results.pkl holds no predictions: entry 1 is none'):
        read_predictions(str(tmp_path / 'results.pkl'))
