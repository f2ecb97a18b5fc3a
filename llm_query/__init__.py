"""Questions and answers: measures, bouts, the planner, and the process that runs analysis code."""
