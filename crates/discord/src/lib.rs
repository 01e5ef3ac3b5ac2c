//! How do we talk to Discord? REST over the limiter.
