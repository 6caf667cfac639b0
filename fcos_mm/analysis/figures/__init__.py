"""The paper's figures 3 to 8 as pictures."""
