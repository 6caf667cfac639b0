"""The chapters of the page on data, one file each."""
