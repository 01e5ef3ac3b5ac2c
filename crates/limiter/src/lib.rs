//! When may a request go out? Discord rate limits, retries and permits.
