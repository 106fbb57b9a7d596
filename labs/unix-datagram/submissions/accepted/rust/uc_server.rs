//! Turns each datagram that it gets to upper case and sends it back.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixDatagram;
use std::process::ExitCode;

const PATH: &str = "/tmp/uc_srv_socket";
const MSG_LEN: usize = 10;

mod signals {
    use std::ffi::{c_char, c_int};

    extern "C" {
        fn signal(number: c_int, handler: extern "C" fn(c_int)) -> usize;
        fn unlink(path: *const c_char) -> c_int;
        fn _exit(status: c_int) -> !;
    }

    extern "C" fn leave(_: c_int) {
        // SAFETY: unlink and _exit are async-signal-safe, signal-safety(7).
        unsafe {
            unlink(b"/tmp/uc_srv_socket\0".as_ptr().cast());
            _exit(0)
        }
    }

    /// From now on SIGINT and SIGTERM remove the socket file.
    pub fn tidy_up() {
        // SAFETY: the handler does nothing that a handler may not do.
        unsafe {
            signal(2, leave);
            signal(15, leave);
        }
    }
}

fn remove_stale() -> io::Result<()> {
    match fs::symlink_metadata(PATH) {
        Ok(about) if about.file_type().is_socket() => fs::remove_file(PATH),
        _ => Ok(()),
    }
}

fn serve(socket: &UnixDatagram) -> io::Result<()> {
    let mut buffer = [0; MSG_LEN];
    loop {
        let (length, sender) = match socket.recv_from(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            received => received?,
        };
        let path = sender.as_pathname();
        let shown = path.map_or("nobody".into(), |path| path.to_string_lossy());
        writeln!(io::stdout(), "server received {length} bytes from {shown}")?;

        buffer[..length].make_ascii_uppercase();
        let answered = match path {
            Some(path) => socket.send_to(&buffer[..length], path),
            None => Err(io::Error::other("sender has no name")),
        };
        if let Err(error) = answered {
            eprintln!("send_to error: {error}");
        }
    }
}

fn main() -> ExitCode {
    if let Err(error) = remove_stale() {
        eprintln!("unlink error: {error}");
    }
    // The standard library makes the socket and binds it in one go; only one of the two can fail with these.
    let socket = match UnixDatagram::bind(PATH) {
        Ok(socket) => socket,
        Err(error) => {
            eprintln!("socket or bind error: {error}");
            return ExitCode::FAILURE;
        }
    };
    signals::tidy_up();
    if let Err(error) = serve(&socket) {
        eprintln!("recv_from error: {error}");
    }
    let _ = fs::remove_file(PATH);
    ExitCode::FAILURE
}
