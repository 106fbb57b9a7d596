//! The supervisor of a peer under test: a folder, the line on descriptor 3, and another side that answers.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};

use nix::sys::socket::sockopt::{Linger, ReceiveTimeout};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, recv, send, setsockopt, socketpair,
};
use nix::sys::time::TimeVal;

/// A peer that answers nothing any more fails its test instead of holding up all of them.
const TIMEOUT_SECONDS: i64 = 60;

/// A supervisor, with a folder for a test's files.
pub(crate) struct PeerSupervisor(tempfile::TempDir);

/// What a peer said, and how it ended.
#[derive(Debug)]
pub(crate) struct PeerOutput {
    /// Everything but complaints.
    pub(crate) said: Vec<String>,
    pub(crate) complaints: Vec<String>,
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
}

impl PeerSupervisor {
    pub(crate) fn new() -> Self {
        let supervisor = Self(tempfile::tempdir().expect("a folder"));
        let tool = env!("CARGO_BIN_EXE_ipclab");
        std::os::unix::fs::symlink(tool, supervisor.path("ipclab-peer"))
            .expect("a link to the tool");
        supervisor
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A path as a step has it.
    pub(crate) fn name(&self, name: &str) -> String {
        self.path(name).to_str().expect("UTF-8").to_owned()
    }

    /// Starts a peer with this as its descriptor 3; `None`: it has none.
    pub(crate) fn start(&self, line: Option<OwnedFd>) -> Child {
        let descriptors = match line {
            Some(_) => "exec 3<&0 0</dev/null",
            None => "exec 3<&-",
        };
        Command::new("sh")
            .args(["-c", &format!(r#"{descriptors}; exec "$0""#)])
            .arg(self.path("ipclab-peer"))
            .stdin(line.map_or_else(Stdio::null, Stdio::from))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a peer")
    }

    /// Plays a script; `answer` says what the supervisor answers to a question.
    pub(crate) fn play<S: AsRef<str>>(
        &self,
        steps: &[S],
        answer: impl FnMut(&str) -> &'static str,
    ) -> PeerOutput {
        let mut records: Vec<String> = steps
            .iter()
            .map(|step| format!("step {}", step.as_ref()))
            .collect();
        records.push("begin".to_owned());
        self.supervise(&records, answer)
    }

    /// Plays a script that asks nothing.
    pub(crate) fn play_alone<S: AsRef<str>>(&self, steps: &[S]) -> PeerOutput {
        self.play(steps, |question| panic!("{question}"))
    }

    /// Hands over these records and listens until the peer has ended.
    pub(crate) fn supervise<S: AsRef<str>>(
        &self,
        records: &[S],
        mut answer: impl FnMut(&str) -> &'static str,
    ) -> PeerOutput {
        let (ours, theirs) = line();
        for record in records {
            tell(&ours, record.as_ref());
        }
        let mut child = self.start(Some(theirs));
        let mut played = PeerOutput {
            said: Vec::new(),
            complaints: Vec::new(),
            code: None,
            stderr: String::new(),
        };
        while let Some(record) = hear(&ours) {
            if let Some(complaint) = record.strip_prefix("complain ") {
                played.complaints.push(complaint.to_owned());
                continue;
            }
            if record.starts_with("await ") || record.starts_with("signal ") {
                tell(&ours, answer(&record));
            }
            played.said.push(record);
        }
        let mut stderr = child.stderr.take().expect("a pipe");
        stderr.read_to_string(&mut played.stderr).expect("UTF-8");
        played.code = child.wait().expect("its end").code();
        played
    }
}

impl PeerOutput {
    /// It had nothing to complain of.
    #[track_caller]
    pub(crate) fn is_content(&self) {
        self.complains(&[]);
    }

    /// It complained of this and nothing else, its status says so, and it did every step that it began.
    #[track_caller]
    pub(crate) fn complains(&self, expect: &[&str]) {
        assert_eq!(self.complaints, expect, "{self:?}");
        assert_eq!(self.code, Some(i32::from(!expect.is_empty())), "{self:?}");
        assert_eq!(self.stderr, "", "{self:?}");
        let begun = self.said.iter().filter(|said| said.starts_with("doing "));
        let done = self.said.iter().filter(|said| *said == "done");
        assert_eq!(begun.count(), done.count(), "{self:?}");
    }

    /// How many steps it began.
    pub(crate) fn steps(&self) -> usize {
        let begun = self.said.iter().filter(|said| said.starts_with("doing "));
        begun.count()
    }
}

/// The two ends of a supervisor's line.
pub(crate) fn line() -> (OwnedFd, OwnedFd) {
    let (ours, theirs) = socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        SockFlag::SOCK_CLOEXEC,
    )
    .expect("a pair of sockets");
    let patience = TimeVal::new(TIMEOUT_SECONDS, 0);
    setsockopt(&ours, ReceiveTimeout, &patience).expect("a timeout");
    (ours, theirs)
}

pub(crate) fn tell(line: &OwnedFd, record: &str) {
    send(line.as_raw_fd(), record.as_bytes(), MsgFlags::MSG_NOSIGNAL).expect("somebody to tell");
}

/// The next record, `None` when the peer has ended.
pub(crate) fn hear(line: &OwnedFd) -> Option<String> {
    let mut record = vec![0; 64 << 10];
    loop {
        return match recv(line.as_raw_fd(), &mut record, MsgFlags::empty()) {
            Ok(0) | Err(nix::Error::ECONNRESET) => None,
            Ok(got) => Some(String::from_utf8(record[..got].to_vec()).expect("UTF-8")),
            // A wait with a timeout is interrupted when the machine is frozen and thawed, signal(7).
            Err(nix::Error::EINTR) => continue,
            Err(error) => panic!("the peer says nothing any more: {error}"),
        };
    }
}

/// An address of this machine that only one test has.
pub(crate) fn own_ip() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let n = (std::process::id() << 6) | (next & 63);
    let [_, high, middle, low] = n.to_be_bytes();
    format!("127.{high}.{middle}.{low}")
}

/// A server at a port of its own; with the address as a step has it.
pub(crate) fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let place = format!("tcp:{}", listener.local_addr().expect("its address"));
    (listener, place)
}

/// Serves one connection beside the test.
pub(crate) fn serve<R: Send + 'static>(
    work: impl FnOnce(TcpStream) -> R + Send + 'static,
) -> (String, JoinHandle<R>) {
    let (listener, place) = listener();
    let thread = thread::spawn(move || work(listener.accept().expect("a connection").0));
    (place, thread)
}

/// A server that sends these pieces and closes when the peer has.
pub(crate) fn says(pieces: &'static [&[u8]]) -> (String, JoinHandle<()>) {
    serve(move |mut stream| {
        for piece in pieces {
            stream.write_all(piece).expect("somebody to send to");
        }
        // Its own end is of no interest here: it may well be a reset.
        let _ = stream.read_to_end(&mut Vec::new());
    })
}

/// Closes with a RST.
pub(crate) fn reset(stream: TcpStream) {
    let at_once = nix::libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    setsockopt(&stream, Linger, &at_once).expect("an option");
}
