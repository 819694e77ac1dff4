"""The edge of egress: walk a folder, read its files, scan them side by side."""
