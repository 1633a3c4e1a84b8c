"""Events that come in, and examples of those that go out."""
