"""Self-contained HTML pages: one file with its style, charts and pictures, no network."""
