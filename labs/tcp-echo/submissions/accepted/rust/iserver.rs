//! iserver [N]: takes N connections one after another and echoes one message on each.

use std::env;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;

/// The system's words for an error, without the number that Rust adds.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// One message: up to its NUL, or to where the client has no more.
fn serve(stream: &TcpStream) -> io::Result<()> {
    println!("I am waiting client(s) to send message(s) to me...");
    let mut message = Vec::new();
    BufReader::new(stream).read_until(0, &mut message)?;
    if message.is_empty() {
        eprintln!("Iserver - recv(): the client left without a message");
        return Ok(());
    }
    let mut out = io::stdout();
    write!(out, "The message from client: \"")?;
    out.write_all(message.strip_suffix(b"\0").unwrap_or(&message))?;
    writeln!(out, "\"\nEchoing it back to client...")?;
    let mut stream = stream;
    stream.write_all(&message)?;
    println!("Iserver - send() is OK.");
    Ok(())
}

fn main() -> ExitCode {
    let mut args = env::args();
    let own = args.next().unwrap_or_default();
    let clients = match args.next() {
        None => {
            println!("Usage: {own} <The_number_of_client_connection else 1 will be used>");
            1
        }
        Some(text) => match text.parse::<u32>() {
            Ok(n) if n > 0 => n,
            _ => {
                eprintln!("Iserver - not a number of clients: {text}");
                return ExitCode::FAILURE;
            }
        },
    };
    let listener = match TcpListener::bind("0.0.0.0:12345") {
        Ok(listener) => listener,
        Err(error) => {
            // One call makes all three; two of them can find the port taken.
            let call = match error.kind() {
                ErrorKind::AddrInUse | ErrorKind::AddrNotAvailable => "bind() error or listen()",
                _ => "socket(), bind() or listen()",
            };
            eprintln!("Iserver - {call} error: {}", reason(&error));
            return ExitCode::FAILURE;
        }
    };
    println!("Iserver - socket() is OK\nBinding the socket...\nIserver - bind() is OK");
    println!("Iserver - listen() is OK\nThe Iserver is ready!");
    for n in 1..=clients {
        println!("Iteration: #{n}\n waiting on accept()");
        let stream = loop {
            match listener.accept() {
                Ok((stream, _)) => break stream,
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => {}
                Err(error) => {
                    eprintln!("Iserver - accept() error: {}", reason(&error));
                    return ExitCode::FAILURE;
                }
            }
        };
        println!("accept() is OK and completed successfully!");
        if let Err(error) = serve(&stream) {
            eprintln!("Iserver - recv() or send() error: {}", reason(&error));
        }
    }
    ExitCode::SUCCESS
}
