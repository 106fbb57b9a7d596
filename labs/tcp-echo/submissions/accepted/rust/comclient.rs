//! comclient HOST: sends one line to the iserver at HOST and prints the echo.

use std::env;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;

fn talk(host: &str) -> Result<(), (&'static str, io::Error)> {
    let mut stream = TcpStream::connect((host, 12345)).map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => ("connect()", error),
        _ => ("socket() or connect()", error),
    })?;
    println!("client - socket() is OK.\nclient - connect() is OK.\nconnect() completed successfully.");
    println!("Connection with {host} using port 12345 established!");
    println!("Enter message to be sent to server:");
    // Byte by byte up to the newline: a line need not be UTF-8.
    let mut line = Vec::new();
    let mut input = io::stdin().lock();
    let mut byte = [0];
    let mut came = false;
    while input.read(&mut byte).map_err(|error| ("read()", error))? > 0 {
        came = true;
        if byte == [b'\n'] {
            break;
        }
        line.push(byte[0]);
    }
    if !came {
        return Err(("read()", io::Error::other("end of input")));
    }
    line.push(0);
    stream.write_all(&line).map_err(|error| ("send()", error))?;
    println!("client - send() is OK.\n{} bytes sent.", line.len());
    let mut echo = vec![0; line.len()];
    stream.read_exact(&mut echo).map_err(|error| ("recv()", error))?;
    if echo != line {
        return Err(("recv()", io::Error::other("the echo is not the message")));
    }
    let mut out = io::stdout();
    let text = &echo[..echo.len() - 1];
    let said = out
        .write_all(b"client - recv() is OK.\nThe sent message: \"")
        .and_then(|()| out.write_all(text))
        .and_then(|()| out.write_all(b"\" successfully received by server and echoed back to client!\n"));
    said.map_err(|error| ("write()", error))?;
    println!("{} bytes received.", echo.len());
    Ok(())
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().collect();
    let [own, rest @ ..] = args.as_slice() else {
        return ExitCode::FAILURE;
    };
    let [host] = rest else {
        println!("Usage: {own} <Server_name or Server_IP_address>");
        return ExitCode::FAILURE;
    };
    match talk(host) {
        Ok(()) => ExitCode::SUCCESS,
        Err((call, error)) => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or(&text);
            eprintln!("client - {call} error: {text}");
            ExitCode::FAILURE
        }
    }
}
