//! Every program of the unit, run: a file for each program, or for a server and its client together.

#[macro_use]
mod world;

mod cli;
mod crowd;
mod half_close;
mod iserver;
mod peek_server;
mod shm_counter;
mod shm_writer;
mod sp_server;
mod uc_server;
mod udp_server;
mod us_server;
