"""The append-only, hash-chained record of what the controller saw and did."""
