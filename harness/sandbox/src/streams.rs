//! What actors read and write on their standard descriptors.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use ipclab_evidence::{Bytes, LimitHit, LimitKind, Limits, Stdin, Stream};

use ipclab_kernel::descriptor;

/// One output stream: our end of it, and head and tail of what came.
#[derive(Debug)]
pub(crate) struct Capture {
    source: Option<OwnedFd>,
    /// It is a file, which is read when its writers have ended.
    file: bool,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    /// How much of each is kept.
    keep: usize,
    total: u64,
    lines: u64,
    /// How many bytes and lines there may be.
    bytes_max: u64,
    lines_max: u64,
}

impl Capture {
    pub(crate) fn new(source: OwnedFd, limits: &Limits) -> io::Result<Self> {
        descriptor::set_nonblocking(source.as_fd())?;
        Ok(Self {
            source: Some(source),
            keep: (limits.output_kept / 2) as usize,
            bytes_max: limits.output_bytes,
            lines_max: limits.output_lines,
            ..Self::nothing()
        })
    }

    /// What is written to a file. It says nothing when something comes, and how much that may be is the limit of files.
    pub(crate) fn of_file(file: OwnedFd, limits: &Limits) -> Self {
        Self {
            source: Some(file),
            file: true,
            keep: (limits.output_kept / 2) as usize,
            bytes_max: limits.output_bytes,
            lines_max: limits.output_lines,
            ..Self::nothing()
        }
    }

    /// For an actor that never started.
    pub(crate) fn nothing() -> Self {
        Self {
            source: None,
            file: false,
            head: Vec::new(),
            tail: VecDeque::new(),
            keep: 0,
            total: 0,
            lines: 0,
            bytes_max: 0,
            lines_max: 0,
        }
    }

    /// What to poll for, while the stream is open.
    pub(crate) fn poll_fd(&self) -> Option<libc::pollfd> {
        let source = self.source.as_ref().filter(|_| !self.file)?;
        Some(libc::pollfd {
            fd: source.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        })
    }

    /// Takes what is there, `most` bytes at the most so that a flood does not keep us from everything else.
    pub(crate) fn drain(&mut self, most: usize) {
        let mut chunk = [0; 1 << 14];
        let mut taken = 0;
        if self.file {
            return;
        }
        while let Some(source) = &self.source
            && taken < most
        {
            match descriptor::read_some(source.as_fd(), &mut chunk) {
                Ok(None) => return,
                Ok(Some(got)) if got > 0 => {
                    taken += got;
                    self.take(&chunk[..got]);
                }
                // End of file; a terminal whose other end is closed says EIO instead.
                Ok(Some(_)) | Err(_) => self.source = None,
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let mut bytes = self.within_bounds(bytes);
        self.total += bytes.len() as u64;
        let room = self.keep - self.head.len().min(self.keep);
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(first);
        bytes = rest;
        let start = bytes.len().saturating_sub(self.keep);
        self.tail.extend(&bytes[start..]);
        let surplus = self.tail.len().saturating_sub(self.keep);
        self.tail.drain(..surplus);
    }

    /// As much of what came as ends with the line, or the byte, that is one too many. How much more a program prints until
    /// it is stopped is a matter of chance, and evidence is not.
    fn within_bounds<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if self.flooded().is_some() {
            return &[];
        }
        let room = (self.bytes_max.saturating_add(1) - self.total).min(bytes.len() as u64);
        let bytes = &bytes[..room as usize];
        for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
            self.lines += 1;
            if self.lines > self.lines_max {
                return &bytes[..=at];
            }
        }
        bytes
    }

    /// Whether more came than may: of what, and how much that may be.
    pub(crate) fn flooded(&self) -> Option<LimitHit> {
        let hit = |kind, limit| Some(LimitHit { kind, limit });
        if self.lines > self.lines_max {
            hit(LimitKind::Lines, self.lines_max)
        } else if self.total > self.bytes_max {
            hit(LimitKind::Output, self.bytes_max)
        } else {
            None
        }
    }

    /// All that is in a file.
    fn read_file(&mut self) {
        use std::os::unix::fs::FileExt;
        let Some(file) = self.source.take().map(std::fs::File::from) else {
            return;
        };
        // How much it may be was the limit of files. What is not kept is counted.
        (self.bytes_max, self.lines_max) = (u64::MAX, u64::MAX);
        let mut chunk = [0; 1 << 14];
        let mut at = 0;
        while let Ok(got @ 1..) = file.read_at(&mut chunk, at) {
            self.take(&chunk[..got]);
            at += got as u64;
        }
    }

    /// What was kept.
    pub(crate) fn finish(mut self) -> Stream {
        if self.file {
            self.read_file();
        }
        let kept = (self.head.len() + self.tail.len()) as u64;
        let dropped = self.total - kept;
        let mut head = self.head;
        let mut tail = Vec::from(self.tail);
        if dropped == 0 {
            head.append(&mut tail);
        }
        Stream {
            head: Bytes(head),
            tail: Bytes(tail),
            dropped,
        }
    }
}

/// What an actor reads.
#[derive(Debug)]
pub(crate) struct Feed {
    sink: Option<OwnedFd>,
    bytes: Vec<u8>,
    at: usize,
    silent: bool,
}

impl Feed {
    pub(crate) fn new(sink: OwnedFd, stdin: &Stdin) -> io::Result<Self> {
        descriptor::set_nonblocking(sink.as_fd())?;
        let (bytes, silent) = match stdin {
            Stdin::Text(text) => (text.0.clone(), false),
            Stdin::Silent => (Vec::new(), true),
        };
        let mut feed = Self {
            sink: Some(sink),
            bytes,
            at: 0,
            silent,
        };
        feed.push();
        Ok(feed)
    }

    pub(crate) fn nothing() -> Self {
        Self {
            sink: None,
            bytes: Vec::new(),
            at: 0,
            silent: true,
        }
    }

    /// Hands over what fits; closes when all is handed over.
    pub(crate) fn push(&mut self) {
        while let Some(sink) = &self.sink {
            if self.at == self.bytes.len() {
                if !self.silent {
                    self.sink = None;
                }
                return;
            }
            match descriptor::write_some(sink.as_fd(), &self.bytes[self.at..]) {
                Ok(Some(put)) => self.at += put,
                Ok(None) => return,
                // There is no reader any more.
                Err(_) => self.sink = None,
            }
        }
    }

    /// Whether there is something left to hand over.
    pub(crate) fn poll_fd(&self) -> Option<libc::pollfd> {
        let sink = self.sink.as_ref().filter(|_| self.at < self.bytes.len())?;
        Some(libc::pollfd {
            fd: sink.as_raw_fd(),
            events: libc::POLLOUT,
            revents: 0,
        })
    }

    /// The actor is gone.
    pub(crate) fn close(&mut self) {
        self.sink = None;
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use ipclab_evidence::{LimitKind, Limits};
    use ipclab_kernel::descriptor;

    use super::Capture;

    fn keeping(output_kept: u64) -> Limits {
        Limits {
            output_kept,
            ..Limits::default()
        }
    }

    #[test]
    fn head_and_tail_are_kept_and_the_middle_is_counted() {
        let (source, sink) = descriptor::pipe().unwrap();
        let mut capture = Capture::new(source, &keeping(8)).unwrap();
        descriptor::write_some(sink.as_fd(), b"0123456789abcdef").unwrap();
        drop(sink);
        capture.drain(usize::MAX);
        let stream = capture.finish();
        assert_eq!(
            (stream.head.0.as_slice(), stream.tail.0.as_slice()),
            (&b"0123"[..], &b"cdef"[..])
        );
        assert_eq!((stream.dropped, stream.total()), (8, 16));
    }

    #[test]
    fn what_fits_is_whole() {
        let (source, sink) = descriptor::pipe().unwrap();
        let mut capture = Capture::new(source, &keeping(8)).unwrap();
        descriptor::write_some(sink.as_fd(), b"012345").unwrap();
        drop(sink);
        capture.drain(usize::MAX);
        let stream = capture.finish();
        assert_eq!(
            (stream.head.0.as_slice(), stream.dropped),
            (&b"012345"[..], 0)
        );
        assert!(stream.tail.0.is_empty());
    }

    #[test]
    fn a_terminal_gives_what_was_written_before_its_other_end_closed() {
        let (master, slave) = descriptor::raw_terminal().unwrap();
        descriptor::write_some(slave.as_fd(), b"last words\n").unwrap();
        drop(slave);
        let mut capture = Capture::new(master, &keeping(1024)).unwrap();
        capture.drain(usize::MAX);
        assert_eq!(capture.finish().head.0, b"last words\n");
    }

    #[test]
    fn what_comes_after_the_first_that_is_too_much_is_not_looked_at() {
        let check = |parts: &[&str], taken: &str, flood: Option<LimitKind>| {
            let limits = Limits {
                output_bytes: 10,
                output_lines: 2,
                ..Limits::default()
            };
            let (source, sink) = descriptor::pipe().unwrap();
            let mut capture = Capture::new(source, &limits).unwrap();
            for part in parts {
                descriptor::write_some(sink.as_fd(), part.as_bytes()).unwrap();
                capture.drain(usize::MAX);
            }
            assert_eq!(capture.flooded().map(|hit| hit.kind), flood, "{parts:?}");
            assert_eq!(capture.finish().kept().to_text(), taken, "{parts:?}");
        };
        check(&["0123456789"], "0123456789", None);
        check(
            &["01234", "5678901234"],
            "01234567890",
            Some(LimitKind::Output),
        );
        check(&["0\n1\n2"], "0\n1\n2", None);
        check(&["0\n1\n2\n3\n4"], "0\n1\n2\n", Some(LimitKind::Lines));
        check(
            &["0\n1\n2", "2\n", "3\n"],
            "0\n1\n22\n",
            Some(LimitKind::Lines),
        );
        check(
            &["0\n123456789", "0\n1\n2\n"],
            "0\n123456789",
            Some(LimitKind::Output),
        );
    }
}
