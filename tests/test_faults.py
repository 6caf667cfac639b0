"""Words of messages."""
from fcos_mm.faults import counted, counted_kind


def test_a_number_and_what_it_counts():
    assert [counted(number, 'image') for number in (0, 1, 2000)] == [
        '0 images', '1 image', '2,000 images']
    assert counted(2, 'process', 'processes') == '2 processes'


def test_a_kind_of_fault_is_counted_by_its_first_word():
    """Of one the noun is singular; the kinds are written as plurals."""
    assert [counted_kind(number, 'boxes skipped: no area') for number in (1, 2, 1000)] == [
        '1 box skipped: no area', '2 boxes skipped: no area', '1,000 boxes skipped: no area']
    assert counted_kind(1, 'entries dropped') == '1 entry dropped'
