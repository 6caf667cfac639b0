"""How benchmarks are measured: results compared first, then timed in turns."""
