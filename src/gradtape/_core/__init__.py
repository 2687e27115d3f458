"""The nouns of gradtape and the one door through which operations run; imports NumPy only."""
