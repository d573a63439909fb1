"""HTTP/2 as a client needs it: frames, headers, one connection's state, and its socket."""
