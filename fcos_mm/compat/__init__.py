"""The only place that knows of library versions and of parts they lack."""
