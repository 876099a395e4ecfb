"""Tables, plots and pages: what people look at."""
