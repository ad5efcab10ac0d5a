//! `aae-ops`: under construction.
