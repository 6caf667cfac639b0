"""The graph in PyTorch against ``FCOSPostProcessor``, for every option."""
import pytest
import torch

from fcos_mm.errors import UserError
from fcos_mm.export import ExportNetwork
from fcos_mm.models.postprocess import decode

from .conftest import detector

OPTIONS = {
    'paper': {},
    'official': dict(head=dict(box_convention='pixel', postprocess=dict(score='sqrt')),
                     test_cfg=dict(nms=dict(iou_threshold=0.6, offset=1))),
    'mmdet': dict(head=dict(location_offset='half', conv_bias='auto',
                            postprocess=dict(rank_by='class_score'))),
    'improved': dict(head=dict(regression='relu', centerness=dict(position='reg')),
                     test_cfg=dict(nms=dict(iou_threshold=0.6))),
    'on score': dict(head=dict(postprocess=dict(threshold_on='score', score='sqrt')),
                     test_cfg=dict(score_thr=0.2)),
    'after': dict(head=dict(postprocess=dict(clip='after_nms'), box_convention='pixel'),
                  test_cfg=dict(min_bbox_size=20)),
    'empty': dict(head=dict(postprocess=dict(clip='after_nms'), regression='relu'),
                  test_cfg=dict(min_bbox_size=-1)),
    'iou': dict(head=dict(centerness=dict(type='fcos_mm.IoUQuality'))),
    'none': dict(head=dict(centerness=dict(source='none', branch=False))),
    'predicted box': dict(head=dict(centerness=dict(source='predicted_box', branch=False))),
    'agnostic': dict(test_cfg=dict(nms=dict(class_agnostic=True))),
    'no limit': dict(test_cfg=dict(nms_pre=-1, score_thr=0.15)),
    'few': dict(test_cfg=dict(score_thr=0.3, max_per_img=1000)),
    'spacing': dict(head=dict(location_spacing='input', strides=(9, 18))),  # of maps of 8 and 16
    'zero': dict(head=dict(location_offset='zero'), test_cfg=dict(min_bbox_size=-1)),
}


@pytest.fixture(params=OPTIONS)
def options(request):
    return OPTIONS[request.param]


def with_default_centerness(options):
    head = dict(options.get('head', {}))
    if 'centerness' in head:
        head['centerness'] = {'type': 'fcos_mm.Centerness', **head['centerness']}
    head['postprocess'] = {'type': 'fcos_mm.FCOSPostProcessor', **head.get('postprocess', {})}
    return {**options, 'head': head}


def expected(model, images, sizes):
    """Detections of the model itself, as boxes that end where the graph's end."""
    outputs = model.bbox_head(model.neck(model.backbone(images)))
    found = model.bbox_head.predict_by_feat(
        *outputs, batch_img_metas=[dict(img_shape=size, batch_input_shape=images.shape[-2:])
                                   for size in sizes])
    extra = int(model.bbox_head.box_convention == 'pixel')
    for one in found:
        one.bboxes = one.bboxes - torch.tensor([0., 0., extra, extra])
    return found


@torch.no_grad()
def test_nms_gives_the_detections_of_the_model(options, images):
    values, sizes = images
    model = detector(**with_default_centerness(options))
    found = expected(model, values, sizes)
    boxes, scores, labels, count = ExportNetwork(model, 'nms')(values, torch.tensor(sizes).float())
    assert count.tolist() == [len(one) for one in found] and min(count) > 0
    for image, one in enumerate(found):
        number = len(one)
        assert torch.allclose(boxes[image, :number], one.bboxes, atol=1e-2)
        assert torch.allclose(scores[image, :number], one.scores, atol=1e-5)
        assert torch.equal(labels[image, :number], one.labels)
        assert not boxes[image, number:].any() and not scores[image, number:].any()
        assert (labels[image, number:] == -1).all()


@torch.no_grad()
def test_decoded_scores_are_those_of_the_candidates(options, images):
    values, _ = images
    if options.get('test_cfg', {}).get('nms', {}).get('class_agnostic'):
        return
    model = detector(**with_default_centerness(options))
    head = model.bbox_head
    predictions, locations = head.flatten(*head(model.neck(model.backbone(values))),
                                          [dict(batch_input_shape=values.shape[-2:])])
    predictions = head.in_pixels(predictions, locations)
    all_boxes, class_scores = decode(predictions, locations)
    quality = head.quality.factor(predictions)
    final = class_scores if quality is None else class_scores * quality[..., None]
    rule = head.postprocess
    final = final.sqrt() if rule.score == 'sqrt' else final
    tested = final if rule.threshold_on == 'score' else class_scores
    allowed = tested > head.test_cfg.score_thr
    if rule.rank_by == 'class_score':
        start = 0
        for count in locations.counts:
            part = slice(start, start + count)
            ranked = (class_scores[:, part] * allowed[:, part]).flatten(1)
            least = ranked.sort(descending=True).values[:, head.test_cfg.nms_pre - 1]
            allowed[:, part] &= class_scores[:, part] >= least[:, None, None]
            start += count
    boxes, scores = ExportNetwork(model, 'decoded')(values)
    assert torch.allclose(boxes, all_boxes, atol=1e-2)
    assert torch.allclose(scores, final * allowed, atol=1e-5)
    assert 0 < (scores > 0).sum() == allowed.sum()


@torch.no_grad()
@pytest.mark.parametrize('head, stride', [({}, (1, 1)), (dict(regression='relu'), (8, 16))])
def test_raw_distances_are_in_pixels(head, stride, images):
    model = detector(head=head)
    network = ExportNetwork(model, 'raw')
    outputs = dict(zip(network.output_names, network(images[0])))
    maps = model.bbox_head(model.neck(model.backbone(images[0])))
    for level in (0, 1):
        assert torch.allclose(outputs[f'cls_logits_{level}'], maps[0][level], atol=1e-4)
        assert torch.allclose(outputs[f'distances_{level}'], maps[1][level] * stride[level],
                              rtol=1e-4, atol=1e-3)
        assert torch.allclose(outputs[f'quality_{level}'], maps[2][level], atol=1e-4)
    assert len(outputs) == 6


def test_raw_has_no_quality_without_the_branch():
    model = detector(head=dict(centerness=dict(
        type='fcos_mm.Centerness', source='none', branch=False)))
    assert ExportNetwork(model, 'raw').output_names == (
        'cls_logits_0', 'distances_0', 'cls_logits_1', 'distances_1')


def test_the_detector_stays_as_it_is():
    model = detector().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    network = ExportNetwork(model, 'nms')
    assert model.training and all(p.requires_grad for p in model.bbox_head.parameters())
    assert not any(p.requires_grad for p in network.parameters()) and not network.head.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@torch.no_grad()
def test_no_candidate_at_all(images):
    network = ExportNetwork(detector(test_cfg=dict(score_thr=0.99)), 'nms')
    boxes, scores, labels, count = network(images[0], torch.tensor(images[1]).float())
    assert count.tolist() == [0, 0] and not boxes.any() and (labels == -1).all()


@pytest.mark.parametrize('mode, change, words', [
    ('decoded', dict(nms=dict(type='soft_nms')), 'nms.type'),
    ('nms', dict(nms=dict(type='soft_nms', iou_threshold=0.5)), '--mode raw'),
    ('nms', dict(nms=dict(type='nms', iou_threshold=0.5, max_num=3)), 'nms.max_num'),
    ('nms', dict(max_per_img=-1), 'max_per_img'),
    ('nms', dict(min_bbox_size=4), '--mode decoded'),
    ('nms', dict(nms=dict(offset=1)), '--mode decoded'),
    ('decoded', dict(nms=dict(class_agnostic=True)), '--mode nms'),
])
def test_what_cannot_be_part_of_a_graph(mode, change, words):
    model = detector(test_cfg=change)
    with pytest.raises(UserError, match=words):
        ExportNetwork(model, mode)
    ExportNetwork(model, 'raw')


def test_other_detectors_are_refused():
    with pytest.raises(UserError, match='writes FCOS detectors'):
        ExportNetwork(torch.nn.Conv2d(3, 4, 1), 'nms')
    with pytest.raises(ValueError, match='mode must be one of'):
        ExportNetwork(detector(), 'all')
