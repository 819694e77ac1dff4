"""Where the repository is hosted: commit statuses on GitHub."""
