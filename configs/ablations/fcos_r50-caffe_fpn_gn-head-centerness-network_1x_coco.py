# FCOS without center-ness, whose detections a separate network ranks (end of Section 4.1.2). A
# training trains the detector alone. A test needs the weights of both:
# fcos-mm test CONFIG DETECTOR --cfg-options model.ranking.checkpoint=NETWORK
_base_ = './fcos_r50-caffe_fpn_gn-head-no-centerness_1x_coco.py'

model = dict(
    type='RankedDetector',
    ranking=dict(  # backbone and neck: as in the detector
        type='CenternessNetwork',
        bbox_head=dict(type='CenternessHead', in_channels=256, conv_bias=True),
        checkpoint=None))
