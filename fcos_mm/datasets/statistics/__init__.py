"""What a dataset holds, in numbers: pure functions of arrays."""
