# Batch norm over the images of all processes, for backbones that train it. Needs GPUs; a single
# process keeps plain batch norm.
_fragment_ = True
sync_bn = 'torch'
