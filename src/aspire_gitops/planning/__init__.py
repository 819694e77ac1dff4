"""Say what would have to change for the gateway to match git.

Pure functions over desired objects and a snapshot: no clock, no network, no
logging. `applying` carries a plan out and never compares anything again.
"""
