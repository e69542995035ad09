"""The voice engine that is an Asterisk, driven over ARI. The words of ARI stay in here."""
