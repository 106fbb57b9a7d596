//! Sends each argument as a datagram and prints each answer.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};

const SERVER: &str = "/tmp/uc_srv_socket";
const MSG_LEN: usize = 10;

/// A socket whose file goes when it goes.
struct Named {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Named {
    fn bind(path: &Path) -> io::Result<Self> {
        Ok(Self {
            socket: UnixDatagram::bind(path)?,
            path: path.to_owned(),
        })
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn talk(messages: &[OsString]) -> Result<(), (&'static str, io::Error)> {
    let own = format!("/tmp/uc_cli_socket.{}", process::id());
    let named = Named::bind(Path::new(&own)).map_err(|error| ("socket or bind", error))?;
    let mut reply = [0; MSG_LEN];

    for message in messages {
        named
            .socket
            .send_to(message.as_bytes(), SERVER)
            .map_err(|error| ("send_to", error))?;
        let length = named.socket.recv(&mut reply).map_err(|error| ("recv", error))?;
        let mut out = io::stdout().lock();
        out.write_all(&reply[..length])
            .and_then(|()| out.write_all(b"\n"))
            .map_err(|error| ("write", error))?;
    }
    Ok(())
}

fn main() -> ExitCode {
    let messages: Vec<OsString> = env::args_os().skip(1).collect();
    if messages.is_empty() {
        eprintln!("Usage: uc_client MSG...");
        return ExitCode::from(64);
    }
    match talk(&messages) {
        Ok(()) => ExitCode::SUCCESS,
        Err((call, error)) => {
            eprintln!("{call} error: {error}");
            ExitCode::FAILURE
        }
    }
}
