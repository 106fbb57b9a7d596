//! The multi-call binary.

use std::process::Command;

use ipclab_reference::{PROGRAMS, run};
use predicates::prelude::*;

fn ipclab_reference(args: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ipclab-reference"));
    command.args(args);
    assert_cmd::Command::from_std(command).assert()
}

#[test]
fn the_first_argument_names_the_program_and_is_its_argv_0() {
    for (name, usage) in [
        (
            "comclient",
            "Usage: comclient <Server_name or Server_IP_address>\n",
        ),
        (
            "./comclient",
            "Usage: ./comclient <Server_name or Server_IP_address>\n",
        ),
        ("uc_client", "Usage: uc_client MSG...\n"),
    ] {
        ipclab_reference(&[name]).code(1).stdout(usage);
    }
}

#[test]
fn without_a_program_all_are_listed() {
    for args in [&[][..], &["no such program"], &[""], &[".."]] {
        let mut assert = ipclab_reference(args).code(2).stdout("");
        for (name, about) in PROGRAMS {
            let line = format!("  {name:<12}{about}\n");
            assert = assert.stderr(predicate::str::contains(line));
        }
    }
}

#[test]
fn the_library_knows_its_programs_and_no_others() {
    let names: Vec<&str> = PROGRAMS.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "shm_writer",
            "shm_reader",
            "shm_create",
            "shm_info",
            "shm_remove",
            "shm_counter",
            "iserver",
            "comclient",
            "udp_server",
            "udp_client",
            "select_server",
            "poll_server",
            "sockopt_report",
            "lookup",
            "uc_server",
            "uc_client",
            "us_server",
            "us_client",
            "sp_server",
            "sp_client",
            "half_close",
            "peek_server"
        ]
    );
    for name in ["", "iserver ", "./iserver", "Iserver"] {
        assert!(run(&[], name).is_none(), "{name:?}");
    }
}
