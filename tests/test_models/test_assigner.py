"""Assignment (Sec. 3.1 and 3.2) and the padding of ground truth."""
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.structures import InstanceData

from fcos_mm.models import FCOSAssigner, LocationGenerator, pad_ground_truth
from fcos_mm.models.assigner import dense_assignment, dense_claims
from fcos_mm.models.structures import Conditions

INF = float('inf')
ANYWHERE = ((0, None), )


def truth_of(*boxes, labels=None, crowd=None):
    boxes = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    labels = torch.arange(len(boxes)) if labels is None else torch.tensor(labels)
    if crowd is not None:
        crowd = [InstanceData(bboxes=torch.tensor(crowd, dtype=torch.float32))]
    return pad_ground_truth([InstanceData(bboxes=boxes, labels=labels)], crowd)


def grid(stride=8, rows=16, columns=16):
    return LocationGenerator((stride, ))([(rows, columns)], 'cpu')


def at(locations, x, y):
    """Index of the location at the image point (x, y)."""
    return (locations.points == torch.tensor([x, y], dtype=torch.float32)).all(1).nonzero().item()


class TestByHand:

    def test_equation_1(self):
        # Location (28, 20) in box (3, 0, 103, 80): l, t, r, b = 25, 20, 75, 60.
        locations = grid()
        targets = FCOSAssigner(regress_ranges=ANYWHERE).assign(
            locations, truth_of((3, 0, 103, 80), labels=[7]), 80)
        index = at(locations, 28, 20)
        assert targets.distances[0, index].tolist() == [25, 20, 75, 60]
        assert targets.labels[0, index] == 7
        outside = at(locations, 108, 20)
        assert targets.labels[0, outside] == 80
        assert targets.distances[0, outside].tolist() == [0, 0, 0, 0]

    def test_a_location_on_the_side_is_negative(self):
        # Sides at x = 4 and x = 28 run through locations; only 12 and 20 are inside.
        locations = grid(rows=1, columns=5)
        targets = FCOSAssigner(regress_ranges=ANYWHERE).assign(
            locations, truth_of((4, 0, 28, 8)), 80)
        assert targets.positive[0].tolist() == [False, True, True, False, False]

    @pytest.mark.parametrize('box', [(float('nan'), ) * 4, (0, 0, float('nan'), 64),
                                     (0, 0, INF, INF), (-INF, 0, 64, 64)])
    def test_a_box_that_is_not_finite_claims_nothing(self, box):
        targets = FCOSAssigner(regress_ranges=ANYWHERE).assign(grid(), truth_of(box), 80)
        assert not targets.positive.any() and not targets.distances.any()

    @pytest.mark.parametrize('bounds, expected', [
        ('inclusive', [True, True]),  # exactly 64 belongs to both levels
        ('strict', [False, False]),  # ... or to none
    ])
    def test_the_bound_between_two_levels(self, bounds, expected):
        # From (8, 8) the box reaches 64 to the right; strides 16 and 16 share the point.
        locations = LocationGenerator((16, 16))([(1, 1), (1, 1)], 'cpu')
        assigner = FCOSAssigner(regress_ranges=((0, 64), (64, 128)), range_bounds=bounds)
        targets = assigner.assign(locations, truth_of((0, 0, 72, 16)), 80)
        assert targets.positive[0].tolist() == expected

    def test_just_beyond_a_bound(self):
        locations = LocationGenerator((16, 16))([(1, 1), (1, 1)], 'cpu')
        assigner = FCOSAssigner(regress_ranges=((0, 64), (64, 128)))
        below = assigner.assign(locations, truth_of((0, 0, 71.9, 16)), 80)
        above = assigner.assign(locations, truth_of((0, 0, 72.1, 16)), 80)
        assert below.positive[0].tolist() == [True, False]
        assert above.positive[0].tolist() == [False, True]

    def test_rounding_cannot_move_an_edge(self):
        # l of location (60, 4) is 100 - 2^-18, which float32 rounds to 100: not below 100. The
        # far end of the window, -40 + 2^-18 + 100, is rounded to a little above 60.
        locations = grid(rows=1)
        assigner = FCOSAssigner(regress_ranges=((0, 100), ), range_bounds='strict')
        targets = assigner.assign(locations, truth_of((-40 + 2**-18, 0, 100, 8)), 80)
        assert locations.points[targets.positive[0], 0].tolist() == [4, 12, 20, 28, 36, 44, 52]

    def test_the_smallest_area_wins(self):
        locations = grid()
        assigner = FCOSAssigner(regress_ranges=ANYWHERE)
        targets = assigner.assign(locations, truth_of((0, 0, 128, 128), (30, 30, 60, 60)), 80)
        assert targets.gt_index[0, at(locations, 44, 44)] == 1
        assert targets.gt_index[0, at(locations, 4, 4)] == 0

    def test_of_equal_areas_the_first_wins(self):
        locations = grid()
        assigner = FCOSAssigner(regress_ranges=ANYWHERE)
        boxes = ((0, 0, 80, 40), (0, 0, 40, 80), (0, 0, 80, 40))
        targets = assigner.assign(locations, truth_of(*boxes), 80)
        assert targets.gt_index[0, at(locations, 20, 20)] == 0

    def test_center_sampling_keeps_the_center(self):
        # Center (64, 64), radius 1.5 * 8 = 12: locations 52 and 76 lie on the edge, out.
        locations = grid()
        assigner = FCOSAssigner(regress_ranges=ANYWHERE, center_sampling_radius=1.5)
        targets = assigner.assign(locations, truth_of((0, 0, 128, 128)), 80)
        assert sorted(locations.points[targets.positive[0]].tolist()) == [
            [60, 60], [60, 68], [68, 60], [68, 68]]  # yapf: disable

    def test_images_without_boxes(self):
        locations = grid()
        empty = InstanceData(bboxes=torch.zeros(0, 4), labels=torch.zeros(0).long())
        truth = pad_ground_truth([empty, empty])
        targets = FCOSAssigner(regress_ranges=ANYWHERE).assign(locations, truth, 80)
        assert (targets.labels == 80).all() and not targets.positive.any()
        assert (targets.class_weight == 1).all()


class TestCrowd:
    BOX, CROWD = (0, 0, 40, 40), [(24, 24, 128, 128)]

    def assign(self, crowd):
        locations = grid()
        assigner = FCOSAssigner(regress_ranges=ANYWHERE, crowd=crowd)
        targets = assigner.assign(locations, truth_of(self.BOX, crowd=self.CROWD), 80)
        places = dict(box=(12, 12), both=(28, 28), crowd=(100, 100), none=(12, 100))
        return {
            name: (bool(targets.positive[0, at(locations, *place)]),
                   float(targets.class_weight[0, at(locations, *place)]))
            for name, place in places.items()
        }

    def test_drop(self):
        assert self.assign('drop') == dict(
            box=(True, 1), both=(True, 1), crowd=(False, 1), none=(False, 1))

    def test_ignore(self):
        assert self.assign('ignore') == dict(
            box=(True, 1), both=(True, 1), crowd=(False, 0), none=(False, 1))

    def test_mask(self):
        assert self.assign('mask') == dict(
            box=(True, 1), both=(False, 0), crowd=(False, 0), none=(False, 1))


def conditions_of(assigner):
    return Conditions(assigner.regress_ranges, assigner.range_bounds,
                      assigner.center_sampling_radius)


class TestAgainstTheDenseRule:

    @pytest.mark.parametrize('radius', [None, 1.5])
    @pytest.mark.parametrize('bounds', ['inclusive', 'strict'])
    def test_random_batches(self, random_batches, bounds, radius):
        generator = torch.Generator().manual_seed(0)
        assigner = FCOSAssigner(range_bounds=bounds, center_sampling_radius=radius)
        positives = 0
        for trial in range(120):
            numbers = [(0, 0), (1, 0), (3, 1), (9, 40)][trial % 4]
            locations, boxes = random_batches(
                generator, *numbers, grid=(None, 1, 4, 16)[trial // 4 % 4])
            positives += self.check(assigner, locations, pad_ground_truth(boxes))
        assert positives > 2000

    def test_a_thousand_boxes(self, random_batches):
        generator = torch.Generator().manual_seed(1)
        locations, boxes = random_batches(generator, 1000, grid=2)
        self.check(FCOSAssigner(), locations, pad_ground_truth(boxes))

    def test_a_single_level(self, random_boxes):
        generator = torch.Generator().manual_seed(2)
        locations = LocationGenerator((16, ))([(20, 30)], 'cpu')
        truth = pad_ground_truth([random_boxes(generator, 20, 480, 320, grid=8)] * 2)
        self.check(FCOSAssigner(regress_ranges=ANYWHERE), locations, truth)

    @pytest.mark.parametrize('radius', [None, 1.5])
    def test_locations_that_are_closer_than_the_stride(self, random_boxes, radius):
        generator = torch.Generator().manual_seed(5)
        locations = LocationGenerator((8, 64), offset='zero', spacing='input')(
            [(20, 28), (3, 4)], 'cpu', [dict(batch_input_shape=(160, 224))])
        assert locations.levels[1][-2:] == (53, 56)
        truth = pad_ground_truth([random_boxes(generator, 30, 224, 160, grid=4)] * 2)
        assigner = FCOSAssigner(regress_ranges=((0, 32), (32, None)), range_bounds='strict',
                                center_sampling_radius=radius)
        assert self.check(assigner, locations, truth) > 10

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.tuples(*[st.floats(-400, 900, width=32)] * 4), max_size=6),
           st.sampled_from([None, 0.5, 1.5, 100.]), st.sampled_from(['floor', 'half', 'zero']))
    def test_any_coordinates(self, boxes, radius, offset):
        # Inverted, empty and far-away boxes among them.
        locations = LocationGenerator((7, 13), offset=offset)([(40, 31), (22, 17)], 'cpu')
        assigner = FCOSAssigner(regress_ranges=((0, 60), (60, None)),
                                center_sampling_radius=radius)
        self.check(assigner, locations, truth_of(*boxes))

    @staticmethod
    def check(assigner, locations, truth):
        """Targets follow from the index that the dense rule gives."""
        targets = assigner.assign(locations, truth, 80)
        index = dense_assignment(locations, truth, conditions_of(assigner))  # (B, P)
        positive, chosen = index >= 0, index.clamp(min=0)
        near, far = truth.boxes.take_along_dim(chosen[..., None], 1).chunk(2, dim=-1)
        distances = torch.cat([locations.points - near, far - locations.points], dim=-1)
        assert torch.equal(targets.gt_index, index)
        assert torch.equal(targets.positive, positive)
        assert torch.equal(
            targets.labels, torch.where(positive, truth.labels.gather(1, chosen), 80))
        assert torch.equal(
            targets.distances, torch.where(positive[..., None], distances, 0.))
        return int(positive.sum())


class TestClaims:

    def test_by_hand(self):
        # Locations 4, 12, 20 of one row: the first box holds 4 and 12, the second 12 and 20.
        locations = grid(rows=1, columns=3)
        truth = truth_of((0, 0, 16, 8), (8, 0, 24, 8))
        claims = FCOSAssigner(regress_ranges=ANYWHERE).claims(locations, truth)
        assert sorted(zip(claims.location.tolist(), claims.box.tolist())) == [
            (0, 0), (1, 0), (1, 1), (2, 1)]
        assert claims.image.tolist() == [0, 0, 0, 0]

    @pytest.mark.parametrize('radius', [None, 1.5])
    @pytest.mark.parametrize('bounds', ['inclusive', 'strict'])
    def test_claims_are_those_of_the_dense_rule(self, random_batches, bounds, radius):
        generator, several = torch.Generator().manual_seed(4), 0
        assigner = FCOSAssigner(range_bounds=bounds, center_sampling_radius=radius)
        for trial in range(20):
            locations, boxes = random_batches(generator, 0, 1, 12, grid=(None, 4)[trial % 2])
            truth = pad_ground_truth(boxes)
            expected = dense_claims(locations, truth.boxes, conditions_of(assigner))
            claims = assigner.claims(locations, truth)
            found = torch.zeros_like(expected)
            found[claims.image, claims.location, claims.box] = True
            assert torch.equal(found, expected)
            assert len(claims.box) == expected.sum()  # none twice
            several += int((expected.sum(2) > 1).sum())
        assert several >= 20

    def test_a_location_masked_by_a_crowd_is_claimed_by_none(self):
        locations = grid(rows=1, columns=3)
        truth = truth_of((0, 0, 24, 8), crowd=[(8, 0, 16, 8)])
        kept = {}
        for crowd in ('drop', 'mask'):
            assigner = FCOSAssigner(regress_ranges=ANYWHERE, crowd=crowd)
            kept[crowd] = sorted(assigner.claims(locations, truth).location.tolist())
        assert kept == dict(drop=[0, 1, 2], mask=[0, 2])

    def test_no_box(self):
        claims = FCOSAssigner(regress_ranges=ANYWHERE).claims(grid(), truth_of())
        assert [len(part) for part in claims] == [0, 0, 0]


@pytest.mark.parametrize('end', [None, INF, 1e8, 10**8])
def test_spellings_of_no_upper_end(end):
    assert FCOSAssigner(regress_ranges=((0, 64), (64, end))).regress_ranges == (
        (0, 64), (64, INF))


@pytest.mark.parametrize('options, message', [
    (dict(range_bounds='open'), "got 'open'"),
    (dict(crowd='keep'), "got 'keep'"),
    (dict(regress_ranges=((64, 64), )), r'\(64, 64\)'),
    (dict(regress_ranges=((-64, -1), )), r'\(-64, -1\)'),
    (dict(regress_ranges=((0, float('nan')), )), 'nan'),
    (dict(regress_ranges=((None, 64), )), 'a pair'),
    (dict(regress_ranges=(0, 64)), 'a pair .* got 0'),
    (dict(regress_ranges=((0, 64, 128), )), r'a pair .* got \(0, 64, 128\)'),
    (dict(regress_ranges=(('low', 'high'), )), 'a pair'),
    (dict(center_sampling_radius=0), 'above 0, got 0'),
    (dict(center_sampling_radius='1.5'), "above 0, got '1.5'"),
])
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        FCOSAssigner(**options)


def test_levels_and_ranges_must_agree():
    truth = truth_of((0, 0, 9, 9))
    for use in (lambda: FCOSAssigner().assign(grid(), truth, 80),
                lambda: FCOSAssigner().claims(grid(), truth)):
        with pytest.raises(ValueError, match='each of 1 levels, got 5'):
            use()


def instances(*boxes):
    boxes = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    return InstanceData(bboxes=boxes, labels=torch.arange(len(boxes)) + 1)


def test_padding_has_no_area():
    truth = pad_ground_truth([instances((0, 0, 4, 5), (1, 1, 2, 2)), instances()])
    assert truth.boxes.shape == (2, 2, 4)
    assert truth.areas.tolist() == [[20, 1], [0, 0]]
    assert truth.labels.tolist() == [[1, 2], [0, 0]]
    assert truth.crowd.shape == (2, 0, 4)


def test_no_box_in_the_whole_batch():
    assert pad_ground_truth([instances(), instances()]).boxes.shape == (2, 1, 4)


def test_crowd_boxes():
    truth = pad_ground_truth([instances()] * 2, [instances((0, 0, 9, 9)), instances()])
    assert truth.crowd.tolist() == [[[0, 0, 9, 9]], [[0, 0, 0, 0]]]
    # mmdet hands over None for a sample without ignored instances.
    truth = pad_ground_truth([instances()] * 2, [instances((0, 0, 9, 9)), None])
    assert truth.crowd.tolist() == [[[0, 0, 9, 9]], [[0, 0, 0, 0]]]
    assert pad_ground_truth([instances()] * 2, [None, None]).crowd.shape == (2, 0, 4)


def test_mmdet_box_types():
    wrapped = InstanceData(
        bboxes=HorizontalBoxes(torch.tensor([[0., 0, 4, 5]])), labels=torch.tensor([3]))
    assert pad_ground_truth([wrapped]).boxes.tolist() == [[[0, 0, 4, 5]]]


def test_pixel_convention_by_hand():
    # A box of 10 x 10 original pixels at twice (thrice in y) the size: its last original
    # pixel begins at 2 * 9 and 3 * 9; width and height count one network pixel more.
    truth = pad_ground_truth([instances((0, 0, 20, 30))],
                             img_metas=[dict(scale_factor=(2., 3.))], box_convention='pixel')
    assert truth.boxes.tolist() == [[[0, 0, 18, 27]]]
    assert truth.areas.tolist() == [[19 * 28]]
