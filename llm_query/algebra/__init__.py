"""What bouts are made of: intervals, joining, order, bins, numbers and arithmetic."""
