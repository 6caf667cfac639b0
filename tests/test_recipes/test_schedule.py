"""Batch, rate and length, worked out by hand."""
import pytest

from fcos_mm.errors import UserError
from fcos_mm.recipes.machine import Machine
from fcos_mm.recipes.schedule import Speed, choose_batch, choose_length, choose_rate, spoken

CPU = Machine('cpu', 'CPU', 2, 8 * 2**30)
GPU = Machine('cuda', 'GPU', 8, 24 * 2**30)
PIXELS = 320 * 240


@pytest.mark.parametrize('machine, images, pixels, batch', [
    (CPU, 1000, PIXELS, 8), (GPU, 1000, PIXELS, 16),
    (CPU, 17, PIXELS, 4),  # 17 // 4 = 4 a step are at least four steps
    (CPU, 3, PIXELS, 1),
    # 8 GiB * 0.75 / (640 * 640 * 4000 bytes) = 3.9
    (CPU, 1000, 640 * 640, 2)])
def test_batch_by_hand(machine, images, pixels, batch):
    assert choose_batch(None, images, pixels, machine)[0] == batch


def test_given_batch():
    assert choose_batch(5, 5, PIXELS, CPU) == (5, 'given')
    with pytest.raises(UserError, match=r'--batch 6: .* has only 5 images.*--batch 5'):
        choose_batch(6, 5, PIXELS, CPU)


@pytest.mark.parametrize('batch, rate', [(8, 1e-3), (2, 5e-4), (16, 1.4e-3)])
def test_rate_goes_with_the_root_of_the_batch(batch, rate):
    assert choose_rate(None, batch, 1e-3, 8)[0] == rate


def test_given_rate():
    assert choose_rate(0.02, 16, 1e-3, 8) == (0.02, 'given')


QUICK = Speed(step=0.01, validation=0.1)


@pytest.mark.parametrize('images, epochs', [(200, 150), (1000, 40), (10_000, 12)])
def test_few_images_are_seen_often(images, epochs):
    assert choose_length(images, images // 8, QUICK, GPU).epochs == epochs


def test_time_by_hand():
    # 15 s of start; an epoch takes 10 * 2 s and its validation 3 s: (315 - 15) / 23 = 13.04.
    speed = Speed(step=2., validation=3.)
    length = choose_length(80, 10, speed, CPU, seconds=315)
    assert (length.epochs, length.val_interval) == (13, 1)
    assert length.seconds == 15 + 13 * 23


def test_validations_take_a_small_part_of_the_time():
    # An epoch of 20 s and a validation of 12 s: every 4 epochs they are 15 % of the training.
    length = choose_length(80, 10, Speed(step=2., validation=12.), CPU, epochs=10)
    assert length.val_interval == 4
    assert length.seconds == 15 + 10 * 20 + 3 * 12  # after 4, 8 and 10 epochs


def test_at_most_forty_validations():
    assert choose_length(80, 1000, QUICK, GPU, epochs=150).val_interval == 4


def test_a_short_training_is_validated_at_its_end():
    assert choose_length(80, 1, Speed(1., 100.), CPU, epochs=2).val_interval == 2


def test_a_cpu_stops_after_about_an_hour():
    # 15 + 56 * 60 + 28 validations * 6 = 3543 s; with the next epoch and validation 3609.
    length = choose_length(100, 10, Speed(step=6., validation=6.), CPU)
    assert length.epochs == 56
    assert 'an hour' in length.reason


def test_at_least_one_epoch_on_a_cpu():
    assert choose_length(100, 10, Speed(step=600., validation=6.), CPU).epochs == 1


def test_time_too_short():
    # 15 + 10 * 2 + 3 = 38 s
    with pytest.raises(UserError, match='--time is too short: .* about 38 s. Give --time 1m'):
        choose_length(80, 10, Speed(step=2., validation=3.), CPU, seconds=30)


@pytest.mark.parametrize('seconds, text', [(38.4, '38 s'), (300, '5 min'), (5400, '1 h 30 min')])
def test_spoken(seconds, text):
    assert spoken(seconds) == text
