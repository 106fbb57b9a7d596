//! Toy programs of two to four threads, whose schedules can be counted by hand or by brute force.

mod faults;
mod pct;
mod races;
mod search;
mod toy;
