"""What ``deploy.py`` measures: one model in many formats and precisions."""
