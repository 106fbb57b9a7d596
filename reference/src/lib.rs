//! Every program of the unit, as it should be.
