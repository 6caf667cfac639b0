"""mmcv's operators in PyTorch; torchvision's where a matching one is installed."""
