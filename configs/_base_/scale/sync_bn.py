# Batch norm over the images of all processes, for backbones that train it. Needs GPUs; a single
# process keeps plain batch norm.
#
#   _base_ = ['./some_config.py', '../_base_/scale/sync_bn.py']
sync_bn = 'torch'
