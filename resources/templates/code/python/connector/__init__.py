"""A connector generated from a contract; see README.md."""
