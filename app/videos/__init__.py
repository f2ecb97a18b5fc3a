"""The list of videos and what is known of each."""
