"""The sentences of the `Store` protocol as tests: `flowkit.testing.stores` puts them together."""
