//! Takes one datagram on port 7000 and prints it.

use std::io::{self, Write};
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::process::ExitCode;

/// The system's words for an error, without the number that Rust adds.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

fn serve(socket: &UdpSocket) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "Created a socket with fd: {}", socket.as_raw_fd())?;
    writeln!(out, "Let us wait for a remote client to send some data")?;
    let mut buffer = [0; 5000];
    let (length, _sender) = loop {
        match socket.recv_from(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => break other?,
        }
    };
    let data = &buffer[..length];
    let text = data.split(|byte| *byte == 0).next().unwrap_or(data);
    write!(out, "Received data (len {length} bytes): ")?;
    out.write_all(text)?;
    writeln!(out)
}

fn main() -> ExitCode {
    // One call for socket and bind: of the two, socket fails only where nothing else works either.
    let socket = match UdpSocket::bind("0.0.0.0:7000") {
        Ok(socket) => socket,
        Err(error) => {
            let call = match error.kind() {
                io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable => "bind",
                _ => "socket or bind",
            };
            eprintln!("{call} failed [{}]", reason(&error));
            return ExitCode::FAILURE;
        }
    };
    match serve(&socket) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("recvfrom failed [{}]", reason(&error));
            ExitCode::FAILURE
        }
    }
}
