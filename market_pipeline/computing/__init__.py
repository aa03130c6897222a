"""What is computed from stored prices: the formulas, which are pure, and the series that they are applied to."""
