//! `aae-train`: under construction.
