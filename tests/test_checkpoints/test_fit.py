"""A checkpoint that cannot serve is refused, with the reason."""
import pytest
import torch
from torch import nn

from fcos_mm.checkpoints.fit import check_checkpoint, read_state_dict
from fcos_mm.errors import UserError


class Model(nn.Module):
    """Three classes, eight channels."""

    def __init__(self, classes=3):
        super().__init__()
        self.norm = nn.BatchNorm2d(8)
        self.conv_cls = nn.Conv2d(8, classes, 3)


def save(folder, content):
    path = str(folder / 'saved.pth')
    torch.save(content, path)
    return path


def test_the_models_own_checkpoint_fits(tmp_path):
    path = save(tmp_path, dict(state_dict=Model().state_dict(), meta={}))
    check_checkpoint(path, Model())
    assert set(read_state_dict(path)) == set(Model().state_dict())


def test_plain_weights_of_a_wrapped_model_fit(tmp_path):
    weights = {f'module.{name}': value for name, value in Model().state_dict().items()}
    check_checkpoint(save(tmp_path, weights), nn.DataParallel(Model()))


def test_batch_counts_may_be_missing(tmp_path):
    weights = {name: value for name, value in Model().state_dict().items()
               if not name.endswith('num_batches_tracked')}
    check_checkpoint(save(tmp_path, weights), Model())


def test_other_number_of_classes(tmp_path):
    path = save(tmp_path, dict(state_dict=Model(classes=80).state_dict()))
    with pytest.raises(UserError) as error:
        check_checkpoint(path, Model())
    text = str(error.value)
    assert f'Checkpoint {path} does not fit the model: 2 of 7 entries differ.' in text
    assert ('conv_cls.weight: the model has (3, 8, 3, 3), the checkpoint (80, 8, 3, 3)') in text
    assert 'trained for 80 classes and the config says 3' in text


def test_missing_weights(tmp_path):
    path = save(tmp_path, dict(state_dict=dict(other=torch.zeros(2))))
    with pytest.raises(UserError) as error:
        check_checkpoint(path, Model())
    assert ('norm.weight: the model has (8,), the checkpoint nothing of this name'
            in str(error.value))
    assert '  ...' in str(error.value)  # 6 of them, 5 shown


def test_missing_file(tmp_path):
    with pytest.raises(UserError, match='Checkpoint not found: .*none.pth'):
        read_state_dict(str(tmp_path / 'none.pth'))


def test_not_a_checkpoint(tmp_path):
    path = tmp_path / 'picture.pth'
    path.write_bytes(b'\x89PNG not a checkpoint')
    with pytest.raises(UserError, match='picture.pth is damaged or not a checkpoint'):
        read_state_dict(str(path))


def test_address_that_cannot_be_reached():
    address = 'http://127.0.0.1:9/a.pth'
    with pytest.raises(UserError, match=f'Checkpoint {address} cannot be loaded'):
        read_state_dict(address)


@pytest.mark.parametrize('content', [[1, 2], dict(state_dict={}), dict(meta='x')])
def test_no_weights(content, tmp_path):
    with pytest.raises(UserError, match='saved.pth contains no weights'):
        read_state_dict(save(tmp_path, content))


@pytest.mark.parametrize('value', [
    torch.full((8, ), float('nan')), torch.tensor([0.] * 7 + [float('inf')]),
    torch.zeros(8, dtype=torch.complex64), torch.zeros(8, device='meta'),
    torch.zeros(8).to_sparse()], ids=['nan', 'inf', 'complex', 'meta', 'sparse'])
def test_weights_that_are_no_numbers(tmp_path, value):
    weights = dict(Model().state_dict(), **{'norm.running_mean': value})
    with pytest.raises(UserError, match='saved.pth: 1 of 7 entries hold NaN, infinity or no '
                       'numbers, first norm.running_mean'):
        check_checkpoint(save(tmp_path, dict(state_dict=weights)), Model())


@pytest.mark.parametrize('meta', [
    3, dict(dataset_meta=3), dict(dataset_meta=dict(classes=3)),
    dict(dataset_meta=dict(classes=[1])), dict(dataset_meta={3: 1}), [dict()]])
def test_meta_that_is_none(tmp_path, meta):
    with pytest.raises(UserError, match="saved.pth: its 'meta' is not that of a training"):
        read_state_dict(save(tmp_path, dict(state_dict=Model().state_dict(), meta=meta)))


@pytest.mark.parametrize('weights', [3, [1], dict(a=1)])
def test_weights_that_are_none(tmp_path, weights):
    with pytest.raises(UserError, match='saved.pth contains no weights'):
        read_state_dict(save(tmp_path, dict(state_dict=weights)))
