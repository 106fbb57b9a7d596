//! The unit's programs, one a file.

mod comclient;
mod half_close;
mod iserver;
mod peek_server;
mod shm_reader;
mod shm_writer;
mod sp_client;
mod sp_server;
mod uc_client;
mod uc_server;
mod udp_client;
mod udp_server;
mod us_client;
mod us_server;

use std::ffi::OsString;

use crate::failure::Failure;

/// A program of the unit.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Its `main`, given argv with `argv[0]`.
    pub(crate) main: fn(&[OsString]) -> Result<(), Failure>,
}

pub(crate) const TABLE: &[Program] = &[
    Program {
        name: "shm_writer",
        about: "stores Hello in shared memory segment 100 (Q3)",
        main: shm_writer::main,
    },
    Program {
        name: "shm_reader",
        about: "prints the string in segment 100 and removes the segment (Q1, Q8)",
        main: shm_reader::main,
    },
    Program {
        name: "iserver",
        about: "TCP server on port 12345: echoes one message to each of N clients (Q6)",
        main: iserver::main,
    },
    Program {
        name: "comclient",
        about: "TCP client: sends a line to HOST and receives its echo (Q6)",
        main: comclient::main,
    },
    Program {
        name: "udp_server",
        about: "UDP server on port 7000: prints one datagram (Q7)",
        main: udp_server::main,
    },
    Program {
        name: "udp_client",
        about: "UDP client: sends one datagram to port 7000 (Q7)",
        main: udp_client::main,
    },
    Program {
        name: "uc_server",
        about: "Unix datagram server: sends each message back in upper case (Q15)",
        main: uc_server::main,
    },
    Program {
        name: "uc_client",
        about: "Unix datagram client: sends each MSG and prints the replies (Q15)",
        main: uc_client::main,
    },
    Program {
        name: "us_server",
        about: "Unix stream server: sends back in upper case what each client sends (Q14)",
        main: us_server::main,
    },
    Program {
        name: "us_client",
        about: "Unix stream client: sends each line of its input and prints the replies (Q14)",
        main: us_client::main,
    },
    Program {
        name: "sp_server",
        about: "Unix seqpacket server: says how long each record is, and which were cut (Q5)",
        main: sp_server::main,
    },
    Program {
        name: "sp_client",
        about: "Unix seqpacket client: sends each RECORD and prints the replies (Q5)",
        main: sp_client::main,
    },
    Program {
        name: "half_close",
        about: "TCP client: what shutdown 0, 1 and 2 do to a connection (Q5)",
        main: half_close::main,
    },
    Program {
        name: "peek_server",
        about: "TCP server on port 7100: MSG_PEEK, MSG_WAITALL and MSG_OOB at work (Q5)",
        main: peek_server::main,
    },
];
