"""From images and videos to files of detections; the network is given. Imports no torch."""
