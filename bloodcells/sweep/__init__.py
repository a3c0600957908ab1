"""Many runs of one command: which are to be done, each in a process of its own, and what came of them."""
