# RetinaNet, whose detections a separate center-ness network ranks (end of Section 4.1.2). A
# training trains the detector alone. A test needs the weights of both:
# fcos-mm test CONFIG DETECTOR --cfg-options model.ranking.checkpoint=NETWORK
_base_ = '../retinanet/retinanet_r50-caffe_fpn_1x_coco.py'

model = dict(
    type='RankedDetector',
    ranking=dict(  # backbone: as in the detector
        type='CenternessNetwork',
        neck=dict(
            type='FPN',
            in_channels=[256, 512, 1024, 2048],
            out_channels=256,
            start_level=1,
            add_extra_convs='on_output',  # FCOS's, not RetinaNet's
            relu_before_extra_convs=True,
            num_outs=5),
        bbox_head=dict(type='CenternessHead', in_channels=256, conv_bias=True),
        checkpoint=None))
