"""Neural networks that segment: labels as samples, training, running; knows no study."""
