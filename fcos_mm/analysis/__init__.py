"""What the paper reports beside AP: recall, ambiguity, quality of scores, its figures."""
