"""The chapters of the page, one file each."""
