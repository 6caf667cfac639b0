# Training batches padded to three sizes, for pictures of 800 x 1333 pixels at most: for compiled
# networks and for cuDNN's search of the fastest algorithm. The padding is background to the loss.
#
#   _base_ = ['./some_config.py', '../_base_/speed/buckets.py']
#   model = dict(data_preprocessor={{_base_.bucketed_preprocessor}})
#   env_cfg = {{_base_.bucketed_env}}
bucketed_preprocessor = dict(
    batch_augments=[
        dict(type='fcos_mm.BatchBucketPad', sizes=[(800, 1344), (1344, 800), (1344, 1344)])
    ])
bucketed_env = dict(cudnn_benchmark=True)
