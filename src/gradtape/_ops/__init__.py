"""The operations, declarations only: a topic a file."""
