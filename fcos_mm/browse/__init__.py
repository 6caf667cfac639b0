"""Pictures as training sees them, with the locations that FCOS assigns to their boxes."""
