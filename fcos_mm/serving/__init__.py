"""An HTTP server for exported detectors."""
