"""Pages of the browser application, one module each."""
