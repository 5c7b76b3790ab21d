//! Every Arrow type a bill may come in, as text.
