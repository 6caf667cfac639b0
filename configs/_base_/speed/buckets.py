# Training batches padded to three sizes, for images of 800 x 1333 pixels at most: for compiled
# networks and for cuDNN's search of the fastest algorithm. The padding is background to the loss.
_fragment_ = True
model = dict(
    data_preprocessor=dict(batch_augments=[
        dict(type='BatchBucketPad', sizes=[(800, 1344), (1344, 800), (1344, 1344)])
    ]))
env_cfg = dict(cudnn_benchmark=True)
