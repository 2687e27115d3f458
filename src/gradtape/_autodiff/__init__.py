"""Differentiation: what follows tensors through operations, and what it makes of its records."""
