"""Faults that can be seen beside each other come in one error."""
import pytest

from fcos_mm.errors import UserError
from fcos_mm.faults import Faults, SeveralFaults


def test_faults_of_a_dataset_come_together(error_of, folder):
    first, second = folder.data['annotations'][:2]
    first['bbox'][0] = float('nan')
    second['bbox'][2] = 1e12
    cfg = folder.write()
    (folder.root / 'images' / '2.png').unlink()
    cfg.train_dataloader.dataset.metainfo.classes = ('cup', 'jug')
    cfg.pop('val_dataloader')
    message = error_of(cfg)
    assert message.startswith('the data has 4 faults.')
    assert message.index('(1) ') < message.index("missing from the data: 'jug'")
    assert message.index('(2) ') < message.index('1 of 4 boxes contain NaN') < message.index('(3)')
    assert message.index('(3) ') < message.index('1 of 4 boxes have numbers beyond 1e+09')
    assert message.index('(4) ') < message.index('1 of 2 images are not there')


def test_wrong_references_and_crowds_come_together(error_of, folder):
    first, second, third, _ = folder.data['annotations']
    first['image_id'], second['category_id'], third['iscrowd'] = 99, 88, 'no'
    message = error_of(folder.write())
    assert message.startswith('the data has 3 faults.'), 'once, though validation reads it too'
    assert all(word in message for word in ('image_id 99', 'category_id 88', "'no'"))


def test_entries_of_all_lists_come_together(error_of, folder):
    del folder.data['annotations'][1]['area']
    folder.data['categories'][1]['id'] = 10
    message = error_of(folder.write())
    assert message.startswith('the data has 2 faults.')
    assert "lacks ['area']" in message and "id 10 is used twice in 'categories'" in message


def test_training_and_validation_come_together(error_of, clean):
    clean.train_dataloader.dataset.ann_file = 'absent.json'
    clean.val_dataloader.dataset.data_prefix.img = 'nowhere/'
    message = error_of(clean)
    assert 'absent.json' in message and 'val_dataloader.dataset.data_prefix.img' in message


def test_classes_that_are_wrong_do_not_also_leave_no_image(error_of, clean):
    """Without classes no box is of use: a consequence, not a second fault."""
    clean.train_dataloader.dataset.metainfo.classes = ('dog', 'cat')
    message = error_of(clean)
    assert 'disagree' in message and 'faults' not in message


def test_a_single_fault_stands_alone():
    faults = Faults()
    with faults.gather():
        raise UserError('one')
    with pytest.raises(SeveralFaults) as caught:
        faults.raise_all()
    assert str(caught.value) == 'one'


def test_gathered_faults_stay_flat_and_are_told_once():
    faults = Faults()
    for _ in range(2):
        with faults.gather():
            raise SeveralFaults('the data', ['one', 'two'])
    with pytest.raises(SeveralFaults, match=r'(?s)2 faults.*\(1\) one.*\(2\) two'):
        faults.raise_all()


def test_nothing_gathered_is_no_fault():
    faults = Faults()
    with faults.gather():
        pass
    faults.raise_all()


def test_other_errors_are_not_gathered():
    with pytest.raises(KeyError), Faults().gather():
        raise KeyError('a mistake of the program')
