//! `aae-eval`: under construction.
