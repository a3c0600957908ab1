"""Finished runs side by side: a row a configuration, its seeds averaged, each difference tested."""
