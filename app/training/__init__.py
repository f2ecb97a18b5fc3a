"""Training networks from the labels of a study: the job, its rounds, its report."""
