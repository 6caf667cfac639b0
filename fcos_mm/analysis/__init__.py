"""What the paper reports beside AP: recall, ambiguity, score quality, and its figures."""
