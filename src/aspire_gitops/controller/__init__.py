"""The daemon: one turn makes the gateway match git; the loop decides when to take the next."""
