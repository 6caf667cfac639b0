"""Detecting objects with a trained model: from inputs to detections and their files."""
