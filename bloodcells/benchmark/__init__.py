"""How fast it is, each thing beside what it is compared with."""
