"""Two-phase transfer learning: the plan of stages, optimizers, losses and schedules, and the training loop."""
