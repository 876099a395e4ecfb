"""Arrays in, results out: figures, their uncertainty, calibration; knows no model and no file."""
