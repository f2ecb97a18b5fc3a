"""What the Results page computes: filters, figures, tables, comparisons."""
