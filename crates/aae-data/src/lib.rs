//! `aae-data`: under construction.
