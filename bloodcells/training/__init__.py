"""Two-phase transfer learning: stages, optimizers, losses and schedules, the training loop and its saved state."""
