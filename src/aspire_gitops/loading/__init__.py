"""Text to documents: strict YAML that remembers where everything stands."""
