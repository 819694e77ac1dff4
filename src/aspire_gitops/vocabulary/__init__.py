"""The words that every room uses: diagnostics, errors, revisions, and text that cannot act. No I/O."""
