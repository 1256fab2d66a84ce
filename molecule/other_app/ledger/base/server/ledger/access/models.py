"""This version keeps no record of devices."""
