//! The unit's programs, one a file.

mod comclient;
mod half_close;
mod iserver;
mod lookup;
mod peek_server;
mod poll_server;
mod select_server;
mod shm_counter;
mod shm_create;
mod shm_info;
mod shm_reader;
mod shm_remove;
mod shm_writer;
mod sockopt_report;
mod sp_client;
mod sp_server;
mod uc_client;
mod uc_server;
mod udp_client;
mod udp_server;
mod us_client;
mod us_server;
mod usage;

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
        name: "shm_create",
        about: "makes a segment with ftok's key for PATH and ID, or a private one (Q2, Q8)",
        main: shm_create::main,
    },
    Program {
        name: "shm_info",
        about: "shows what the kernel keeps of a segment, and changes its mode (Q2, Q9)",
        main: shm_info::main,
    },
    Program {
        name: "shm_remove",
        about: "removes a segment, or marks it while it is attached (Q1, Q8, Q10)",
        main: shm_remove::main,
    },
    Program {
        name: "shm_counter",
        about: "NPROC processes add to one counter in shared memory, guarded by a semaphore (Q1)",
        main: shm_counter::main,
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
        name: "select_server",
        about: "TCP server on PORT: echoes to many clients at once, by select (Q11)",
        main: select_server::main,
    },
    Program {
        name: "poll_server",
        about: "TCP server on PORT: echoes to many clients at once, by poll (Q11)",
        main: poll_server::main,
    },
    Program {
        name: "sockopt_report",
        about: "shows options of sockets before and after they are set (Q11)",
        main: sockopt_report::main,
    },
    Program {
        name: "lookup",
        about: "shows the addresses of a name, or the name of an address (Q11)",
        main: lookup::main,
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
