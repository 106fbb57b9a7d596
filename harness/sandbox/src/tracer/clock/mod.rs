//! The case's clock at the kernel boundary: timed waits enter the kernel without their time, and only the tracer ends them.
//!
//! When nothing else can happen, the clock goes to the earliest deadline (`pass`). A wait that is due is interrupted, and at
//! the exit of its call it gets the result that the kernel gives when the time is up: nothing was ready, or the call would
//! have returned. The kernel restarts or ends a call that a signal interrupts as it always does; what was left of its time is
//! kept for the restart, and written in the case's time where the call gives it back.
//!
//! ```text
//! wait      begins and ends waits for a time
//! timers    alarm, setitimer, timer_settime, timerfd_settime and those that ask how much is left
//! ask       clock_gettime, gettimeofday, time, times
//! pass      what is due next, and letting time pass
//! ```

mod ask;
mod pass;
mod timers;
mod wait;

pub(crate) use pass::Passage;
