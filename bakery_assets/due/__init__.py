"""What decides that work is due: planning, revalidation after late sales, retraining; pure functions of the state."""
