"""From a detector to a file that other runtimes run: ONNX, OpenVINO, TorchScript."""
