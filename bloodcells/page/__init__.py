"""One HTML page that holds its own pictures, for what people look at rather than read."""
