"""What is wrong with a dataset, kind by kind, with the first cases of each."""
