"""Sizes by each rule beside the input of an exported file; by hand in test_datasets."""
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fcos_mm.export.info import padded_scale
from fcos_mm.runtime.preprocessing import Preprocessor
from fcos_mm.runtime.rounding import ROUNDINGS

SIDES, SCALES = st.integers(1, 6000), [(1333, 800), (736, 512), (640, 640)]


@pytest.mark.parametrize('rounding', ROUNDINGS)
@settings(max_examples=200, deadline=None)
@given(short=SIDES, long=SIDES, scale=st.sampled_from(SCALES), pad=st.sampled_from([1, 32]))
@example(short=3, long=1000, scale=(1333, 800), pad=32)
@example(short=5, long=1334, scale=(1333, 800), pad=1)
def test_a_fixed_input_holds_every_image(make_info, rounding, short, long, scale, pad):
    width, height = max(short, long), min(short, long)
    usual = make_info(rounding=rounding, scale=scale, pad_divisor=pad)
    room = padded_scale(usual.preprocessing)
    wanted = ROUNDINGS[rounding](width, height, *scale)
    for size, rule in (((width, height), wanted), ((height, width), wanted[::-1])):
        assert Preprocessor(usual)._target(*size) == rule
        fixed = make_info(rounding=rounding, scale=scale, pad_divisor=pad, shape=(1, *room))
        got = Preprocessor(fixed)._target(*size)
        fits = rule[0] <= room[1] and rule[1] <= room[0]
        assert got == rule if fits else got[0] <= room[1] and got[1] <= room[0]
    # the long side of the released code can exceed the scale
    more = width / height / 2 if rounding == 'official' else 0
    assert wanted[0] <= scale[0] + more and wanted[1] <= scale[1]
