"""What the controller says of itself: its value, its document, and both in words."""
