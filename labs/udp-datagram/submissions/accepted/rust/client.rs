//! Sends one datagram to port 7000 of this machine.

use std::io;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::process::ExitCode;

const TEXT: &str = "Mona Lisa was painted by Leonardo da Vinci";

fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

fn main() -> ExitCode {
    let socket = match UdpSocket::bind("0.0.0.0:0") {
        Ok(socket) => socket,
        Err(error) => {
            eprintln!("socket or bind failed [{}]", reason(&error));
            return ExitCode::FAILURE;
        }
    };
    println!("Created a socket with fd: {}", socket.as_raw_fd());
    match socket.send_to(format!("{TEXT}\0").as_bytes(), "127.0.0.1:7000") {
        Ok(length) => {
            println!("Successfully sent data (len {length} bytes): {TEXT}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("sendto failed [{}]", reason(&error));
            ExitCode::FAILURE
        }
    }
}
