"""The laws that hold for every operation, a topic a file: `gradtape.testing` shows them."""
