"""Attendance as it would be kept with django-simple-history, for the bench alone."""
