"""What data hold and what is wrong with them, as text and as a page."""
