"""Words of messages."""
from fcos_mm.faults import counted


def test_a_number_and_what_it_counts():
    assert [counted(number, 'image') for number in (0, 1, 2000)] == [
        '0 images', '1 image', '2,000 images']
    assert counted(2, 'process', 'processes') == '2 processes'
