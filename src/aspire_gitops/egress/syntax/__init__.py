"""JavaScript, TypeScript, PHP and Go by tree-sitter's syntax trees (ADR 12)."""
