//! What actors read and write on their standard descriptors.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use ipclab_evidence::{Bytes, Stdin, Stream};

use crate::sys;

/// One output stream: our end of it, and head and tail of what came.
#[derive(Debug)]
pub(crate) struct Capture {
    source: Option<OwnedFd>,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    /// How much of each is kept.
    keep: usize,
    total: u64,
    lines: u64,
}

impl Capture {
    /// `kept` is for head and tail together.
    pub(crate) fn new(source: OwnedFd, kept: u64) -> io::Result<Self> {
        sys::set_nonblocking(source.as_fd())?;
        let keep = (kept / 2) as usize;
        Ok(Self {
            source: Some(source),
            head: Vec::new(),
            tail: VecDeque::new(),
            keep,
            total: 0,
            lines: 0,
        })
    }

    /// For an actor that never started.
    pub(crate) fn nothing() -> Self {
        Self {
            source: None,
            head: Vec::new(),
            tail: VecDeque::new(),
            keep: 0,
            total: 0,
            lines: 0,
        }
    }

    /// What to poll for, while the stream is open.
    pub(crate) fn poll_fd(&self) -> Option<libc::pollfd> {
        let source = self.source.as_ref()?;
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
        while let Some(source) = &self.source
            && taken < most
        {
            match sys::read_some(source.as_fd(), &mut chunk) {
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

    fn take(&mut self, mut bytes: &[u8]) {
        self.total += bytes.len() as u64;
        self.lines += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        let room = self.keep - self.head.len().min(self.keep);
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(first);
        bytes = rest;
        let start = bytes.len().saturating_sub(self.keep);
        self.tail.extend(&bytes[start..]);
        let surplus = self.tail.len().saturating_sub(self.keep);
        self.tail.drain(..surplus);
    }

    /// Bytes that came so far.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Lines that ended so far.
    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// What was kept.
    pub(crate) fn finish(self) -> Stream {
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
        sys::set_nonblocking(sink.as_fd())?;
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
            match sys::write_some(sink.as_fd(), &self.bytes[self.at..]) {
                Ok(Some(put)) => self.at += put,
                Ok(None) => return,
                // Nobody reads any more.
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

    use super::Capture;
    use crate::sys;

    #[test]
    fn head_and_tail_are_kept_and_the_middle_is_counted() {
        let (source, sink) = sys::pipe().unwrap();
        let mut capture = Capture::new(source, 8).unwrap();
        sys::write_some(sink.as_fd(), b"0123456789abcdef").unwrap();
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
        let (source, sink) = sys::pipe().unwrap();
        let mut capture = Capture::new(source, 8).unwrap();
        sys::write_some(sink.as_fd(), b"012345").unwrap();
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
        let (master, slave) = sys::raw_terminal().unwrap();
        sys::write_some(slave.as_fd(), b"last words\n").unwrap();
        drop(slave);
        let mut capture = Capture::new(master, 1024).unwrap();
        capture.drain(usize::MAX);
        assert_eq!(capture.finish().head.0, b"last words\n");
    }
}
