"""Pictures as training sees them, of a config or of a user's own data."""
