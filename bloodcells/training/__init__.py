"""Two-phase transfer learning: the plan of stages, what each trains with, and the loop."""
