"""The inputs of a quantiser."""
import numpy as np
import pytest

from fcos_mm.errors import UserError
from fcos_mm.export.low_precision.calibration import LEAST, CalibrationInputs


def calibration(sizes):
    """Batches of these sizes, numbered."""
    def batches():
        for number, size in enumerate(sizes):
            yield dict(images=np.full((size, 3, 2, 2), number, np.float32),
                       sizes=np.full((size, 2), 2, np.float32))
    return batches


def test_batches_come_each_time_from_the_beginning():
    inputs = CalibrationInputs(calibration([4, 4, 1]), ['images'])
    for _ in range(2):
        batches = list(inputs)
        assert [set(batch) for batch in batches] == [{'images'}] * 3
        assert [batch['images'][0, 0, 0, 0] for batch in batches] == [0, 1, 2]


def test_only_the_inputs_of_the_network():
    first = next(iter(CalibrationInputs(calibration([LEAST]), ['images', 'sizes'])))
    assert list(first) == ['images', 'sizes']


@pytest.mark.parametrize('given, number', [(None, 'needs pictures'), ([], 'found 0 pictures'),
                                           ([1] * (LEAST - 1), f'found {LEAST - 1} pictures')])
def test_too_few_pictures(given, number):
    with pytest.raises(UserError, match=number) as error:
        CalibrationInputs(None if given is None else calibration(given), ['images'])
    assert '--images FOLDER' in str(error.value)


def test_no_more_is_read_than_needed_to_count():
    def batches():
        yield from calibration([4] * 2)()
        raise AssertionError('read on')
    CalibrationInputs(batches, ['images'])
