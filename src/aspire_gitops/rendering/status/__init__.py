"""What the controller is doing: page, terminal and JSON, all from one document."""
