"""What a result depends on: fingerprints of config, data, code and packages, and the machine."""
