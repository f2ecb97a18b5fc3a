"""Pictures: charts, figure files, and videos with everything drawn on them."""
