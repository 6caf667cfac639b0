"""Every layout gives the same boxes, in the splits that it has."""
from fcos_mm.datasets.sources import prepare_data

FORMATS = dict(coco='COCO', voc='PASCAL VOC', yolo='YOLO')


def test_the_same_boxes_come_out_of_every_layout(laid_out, shapes, boxes_of, tmp_path):
    data = prepare_data(str(laid_out.root), str(tmp_path / 'out'))
    kind = laid_out.layout.split('_')[0]
    assert data.layout.split(':')[0] == FORMATS[kind]
    if laid_out.splits:
        for split in ('train', 'val', 'test'):
            assert boxes_of([data.splits[split]]) == shapes.boxes([split])
    else:
        assert [*data.splits] == ['train', 'val']
        assert boxes_of(data.splits.values()) == shapes.boxes()
    assert data.classes == tuple(sorted(shapes.classes) if kind == 'voc' else shapes.classes)
    splits = data.splits.values()
    assert sum(split.num_images for split in splits) == 15
    assert sum(split.num_boxes for split in splits) == sum(map(len, shapes.boxes().values()))
