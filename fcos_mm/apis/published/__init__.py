"""Published detectors by name: downloaded, converted, and the list of them."""
