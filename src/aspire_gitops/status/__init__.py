"""What the controller reports about itself: the value, the document, and both in words."""
