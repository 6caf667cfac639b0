# Blood cells from ImageNet weights on two CPU cores. See docs/custom_data.md for the commands.
_base_ = '../_base_/small_data.py'

data_root = 'data/bccd/'
classes = ('Platelets', 'RBC', 'WBC')
ann_files = dict(
    train='annotations/train.json', val='annotations/val.json', test='annotations/test.json')
image_dirs = 'images/'
image_size = (448, 336)
levels = 'P3-P5'
regress_ranges = ((0, 32), (32, 64), (64, None))
epochs = 24
train_cfg = dict(val_interval=2)
