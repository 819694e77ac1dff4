"""Files without a syntax tree of ours: shell, Dockerfiles, YAML, .env and other settings, by lines."""
