"""What a detector and its data are like."""
