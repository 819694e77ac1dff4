"""What the controller did, and what was live then: lines, sentences and the verdict on the chain."""
