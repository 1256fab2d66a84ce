"""Traffic of many logged-in users, and the proof that none of them was logged out."""
