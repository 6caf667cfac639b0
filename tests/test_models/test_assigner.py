"""Sec. 3.1 and 3.2: which location answers for which box."""
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.structures import InstanceData

from fcos_mm.models import FCOSAssigner, LocationGenerator, pad_ground_truth
from fcos_mm.models.claims import painted, scattered
from fcos_mm.models.windows import window_sizes, windows

INF = float('inf')
RANGES = ((0, 64), (64, 128), (128, 256), (256, 512), (512, INF))


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
        targets = FCOSAssigner(regress_ranges=((0, INF), )).assign(
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
        targets = FCOSAssigner(regress_ranges=((0, INF), )).assign(
            locations, truth_of((4, 0, 28, 8)), 80)
        assert targets.positive[0].tolist() == [False, True, True, False, False]

    @pytest.mark.parametrize('box', [(float('nan'), ) * 4, (0, 0, float('nan'), 64),
                                     (0, 0, INF, INF), (-INF, 0, 64, 64)])
    def test_a_box_that_is_not_finite_claims_nothing(self, box):
        targets = FCOSAssigner(regress_ranges=((0, INF), )).assign(grid(), truth_of(box), 80)
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
        assigner = FCOSAssigner(regress_ranges=((0, INF), ))
        targets = assigner.assign(locations, truth_of((0, 0, 128, 128), (30, 30, 60, 60)), 80)
        assert targets.gt_index[0, at(locations, 44, 44)] == 1
        assert targets.gt_index[0, at(locations, 4, 4)] == 0

    def test_of_equal_areas_the_first_wins(self):
        locations = grid()
        assigner = FCOSAssigner(regress_ranges=((0, INF), ))
        boxes = ((0, 0, 80, 40), (0, 0, 40, 80), (0, 0, 80, 40))
        targets = assigner.assign(locations, truth_of(*boxes), 80)
        assert targets.gt_index[0, at(locations, 20, 20)] == 0

    def test_center_sampling_keeps_the_center(self):
        # Center (64, 64), radius 1.5 * 8 = 12: locations 52 and 76 lie on the edge, out.
        locations = grid()
        assigner = FCOSAssigner(regress_ranges=((0, INF), ), center_sampling_radius=1.5)
        targets = assigner.assign(locations, truth_of((0, 0, 128, 128)), 80)
        assert sorted(locations.points[targets.positive[0]].tolist()) == [
            [60, 60], [60, 68], [68, 60], [68, 68]]  # yapf: disable

    def test_images_without_boxes(self):
        locations = grid()
        empty = InstanceData(bboxes=torch.zeros(0, 4), labels=torch.zeros(0).long())
        truth = pad_ground_truth([empty, empty])
        targets = FCOSAssigner(regress_ranges=((0, INF), )).assign(locations, truth, 80)
        assert (targets.labels == 80).all() and not targets.positive.any()
        assert (targets.class_weight == 1).all()


class TestCrowd:
    BOX, CROWD = (0, 0, 40, 40), [(24, 24, 128, 128)]

    def assign(self, crowd):
        locations = grid()
        assigner = FCOSAssigner(regress_ranges=((0, INF), ), crowd=crowd)
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


class TestAgainstEveryLocationAndEveryBox:

    @pytest.mark.parametrize('radius', [None, 1.5])
    @pytest.mark.parametrize('bounds', ['inclusive', 'strict'])
    def test_random_batches(self, dense_assign, random_boxes, feature_sizes, bounds, radius):
        generator = torch.Generator().manual_seed(0)
        make, positives = LocationGenerator((8, 16, 32, 64, 128)), 0
        assigner = FCOSAssigner(range_bounds=bounds, center_sampling_radius=radius)
        for trial in range(120):
            height, width = torch.randint(60, 700, (2, ), generator=generator).tolist()
            locations = make(feature_sizes(height, width), 'cpu')
            numbers = [(0, 0), (1, 0), (3, 1), (9, 40)][trial % 4]
            truth = pad_ground_truth([
                random_boxes(generator, n, width, height, grid=(None, 1, 4, 16)[trial // 4 % 4])
                for n in numbers
            ])
            self.check(assigner, locations, truth, dense_assign, bounds=bounds, radius=radius)
            positives += int(assigner.assign(locations, truth, 80).positive.sum())
        assert positives > 2000

    def test_a_thousand_boxes(self, dense_assign, random_boxes, feature_sizes):
        generator = torch.Generator().manual_seed(1)
        locations = LocationGenerator((8, 16, 32, 64, 128))(feature_sizes(400, 500), 'cpu')
        truth = pad_ground_truth([random_boxes(generator, 1000, 500, 400, grid=2)])
        self.check(FCOSAssigner(), locations, truth, dense_assign)

    def test_a_single_level(self, dense_assign, random_boxes):
        generator = torch.Generator().manual_seed(2)
        locations = LocationGenerator((16, ))([(20, 30)], 'cpu')
        truth = pad_ground_truth([random_boxes(generator, 20, 480, 320, grid=8)] * 2)
        self.check(FCOSAssigner(regress_ranges=((0, INF), )), locations, truth, dense_assign,
                   ranges=((0, INF), ))

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.tuples(*[st.floats(-400, 900, width=32)] * 4), max_size=6),
           st.sampled_from([None, 0.5, 1.5, 100.]), st.sampled_from(['floor', 'half', 'zero']))
    def test_any_coordinates(self, dense_assign, boxes, radius, offset):
        # Inverted, empty and far-away boxes among them.
        locations = LocationGenerator((7, 13), offset=offset)([(40, 31), (22, 17)], 'cpu')
        truth = truth_of(*boxes)
        ranges = ((0, 60), (60, INF))
        assigner = FCOSAssigner(regress_ranges=ranges, center_sampling_radius=radius)
        self.check(assigner, locations, truth, dense_assign, ranges=ranges, radius=radius)

    @staticmethod
    def check(assigner, locations, truth, dense_assign, **settings):
        targets = assigner.assign(locations, truth, 80)
        labels, distances, index = dense_assign(locations, truth, **settings)
        assert torch.equal(targets.gt_index, index)
        assert torch.equal(targets.labels, labels)
        assert torch.equal(targets.distances, distances)


class TestClaims:

    def test_by_hand(self):
        # Locations 4, 12, 20 of one row: the first box holds 4 and 12, the second 12 and 20.
        locations = grid(rows=1, columns=3)
        truth = truth_of((0, 0, 16, 8), (8, 0, 24, 8))
        claims = FCOSAssigner(regress_ranges=((0, INF), )).claims(locations, truth)
        assert sorted(zip(claims.location.tolist(), claims.box.tolist())) == [
            (0, 0), (1, 0), (1, 1), (2, 1)]
        assert claims.image.tolist() == [0, 0, 0, 0]

    @pytest.mark.parametrize('radius', [None, 1.5])
    @pytest.mark.parametrize('bounds', ['inclusive', 'strict'])
    def test_each_box_alone_claims_the_same(self, dense_assign, random_boxes, feature_sizes,
                                            bounds, radius):
        generator = torch.Generator().manual_seed(4)
        make, several = LocationGenerator((8, 16, 32, 64, 128)), 0
        assigner = FCOSAssigner(range_bounds=bounds, center_sampling_radius=radius)
        for trial in range(20):
            height, width = torch.randint(60, 700, (2, ), generator=generator).tolist()
            locations = make(feature_sizes(height, width), 'cpu')
            truth = pad_ground_truth([
                random_boxes(generator, number, width, height, grid=(None, 4)[trial % 2])
                for number in (0, 1, 12)])
            expected = torch.zeros(3, 12, len(locations.points), dtype=torch.bool)
            for box in range(12):
                alone = truth._replace(boxes=truth.boxes[:, box:box + 1],
                                       labels=truth.labels[:, box:box + 1],
                                       areas=truth.areas[:, box:box + 1])
                _, _, index = dense_assign(locations, alone, bounds=bounds, radius=radius)
                expected[:, box] = index >= 0
            claims = assigner.claims(locations, truth)
            found = torch.zeros_like(expected)
            found[claims.image, claims.box, claims.location] = True
            assert torch.equal(found, expected)
            assert len(claims.box) == expected.sum()  # none twice
            several += int((expected.sum(1) > 1).sum())
        assert several >= 20

    def test_a_location_masked_by_a_crowd_is_claimed_by_none(self):
        locations = grid(rows=1, columns=3)
        truth = truth_of((0, 0, 24, 8), crowd=[(8, 0, 16, 8)])
        kept = {}
        for crowd in ('drop', 'mask'):
            assigner = FCOSAssigner(regress_ranges=((0, INF), ), crowd=crowd)
            kept[crowd] = sorted(assigner.claims(locations, truth).location.tolist())
        assert kept == dict(drop=[0, 1, 2], mask=[0, 2])

    def test_no_box(self):
        claims = FCOSAssigner(regress_ranges=((0, INF), )).claims(grid(), truth_of())
        assert [len(part) for part in claims] == [0, 0, 0]

    def test_levels_and_ranges_must_agree(self):
        with pytest.raises(ValueError, match='each of 1 levels, got 5'):
            FCOSAssigner().claims(grid(), truth_of((0, 0, 9, 9)))


@pytest.mark.parametrize('radius', [None, 1.5])
@pytest.mark.parametrize('bounds', ['inclusive', 'strict'])
@pytest.mark.parametrize('grid', [None, 4])
def test_scattering_equals_painting(random_boxes, feature_sizes, grid, bounds, radius):
    """The accelerator's way to the winners, tried on the CPU."""
    generator = torch.Generator().manual_seed(3)
    for _ in range(10):
        height, width = torch.randint(60, 700, (2, ), generator=generator).tolist()
        locations = LocationGenerator((8, 16, 32, 64, 128))(feature_sizes(height, width), 'cpu')
        boxes = torch.cat([
            random_boxes(generator, 30, width, height, grid=grid).bboxes for _ in range(3)])
        claimed = windows(locations, boxes, regress_ranges=RANGES, bounds=bounds, radius=radius)
        by_painting = painted(claimed, locations, images=3)
        sizes = window_sizes(locations, RANGES, radius)
        assert torch.equal(scattered(claimed, locations, images=3, sizes=sizes), by_painting)
        assert (by_painting < 30).any()


def test_largest_window_by_hand():
    # m = 64, stride 8: 2 * 64 / 8 + 1 = 17 columns, the map has only 10 rows.
    # Without a bound the whole map of stride 16 counts: 5 * 20.
    locations = LocationGenerator((8, 16))([(10, 40), (5, 20)], 'cpu')
    assert window_sizes(locations, ((0, 64), (64, INF)), None) == ((10, 17), (5, 20))
    # Radius 1.5: 2 * 1.5 + 1 = 4 cells a side.
    assert window_sizes(locations, ((0, 64), (64, INF)), 1.5) == ((4, 4), (4, 4))


@pytest.mark.parametrize('options, message', [
    (dict(range_bounds='open'), "got 'open'"),
    (dict(crowd='keep'), "got 'keep'"),
    (dict(regress_ranges=((64, 64), )), r'\(64, 64\)'),
    (dict(regress_ranges=((-64, -1), )), r'\(-64, -1\)'),
    (dict(regress_ranges=((0, float('nan')), )), 'nan'),
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
    with pytest.raises(ValueError, match='each of 1 levels, got 5'):
        FCOSAssigner().assign(grid(), truth_of((0, 0, 9, 9)), 80)
