//! What a scripted peer does.

use std::net::IpAddr;

use super::{After, Template};

/// One step of a scripted peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// As the author wrote it.
    pub text: String,
    /// What it does.
    pub action: Action,
}

/// What a step does. Sockets and segments are the peer's current one, the last that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// `connect tcp:12345`, `connect unix:/tmp/s`, `connect {{server.listens}}`
    Connect(PeerPlace),
    /// `open udp`, `open unix-dgram`: an unbound socket.
    Open(PeerSocket),
    /// `bind udp:7001`
    Bind(PeerEndpoint),
    /// `listen tcp:12345`
    Listen(PeerEndpoint),
    /// `accept`
    Accept,
    /// `send 'hal'`, `send hex 00ff`, `send 100 bytes`, `send 'abc' to udp:7000`, `send '!' oob`
    Send {
        /// What.
        data: Data,
        /// Where to, on an unconnected datagram socket.
        to: Option<PeerPlace>,
        /// In pieces of so many bytes each, one call each, waiting for the other side to take each.
        pieces: Option<u32>,
        /// With `MSG_OOB`: the last byte of each call is TCP's urgent one.
        oob: bool,
    },
    /// `recv 'hal'`, `recv 49 bytes`, `recv until EOF`, `recv any`
    Recv(Wanted),
    /// `until server waits`, `until server exits`
    Until(After),
    /// `shutdown read|write|both`
    Shutdown(Shutdown),
    /// `reset`: close so that the other side gets a RST.
    Reset,
    /// `close`
    Close,
    /// `abandon`: exit at once, everything open.
    Abandon,
    /// `flood 1000000 bytes`: send so much without ever reading.
    Flood(u64),
    /// `fill 64000000 bytes`: the same, but done when the other side takes no more for now.
    Fill(u64),
    /// `signal server SIGTERM`
    Signal {
        /// The receiver.
        actor: String,
        /// Which.
        signal: String,
    },
    /// `shm create 100 1024 0644`
    ShmCreate {
        /// Key.
        key: i32,
        /// Bytes.
        size: u64,
        /// Permission bits.
        mode: u32,
    },
    /// `shm attach 100`, `shm attach id {{creator.told.shmid}}`: and hold it until the peer ends or `shm detach`.
    ShmAttach(SegmentName),
    /// `shm write 'text'`, at offset 0 of the attached one.
    ShmWrite(Data),
    /// `shm read 'text'`
    ShmRead(Data),
    /// `shm detach`
    ShmDetach,
    /// `shm remove 100`
    ShmRemove(SegmentName),
    /// `fifo make /tmp/req 0600`
    FifoMake {
        /// Its path.
        path: String,
        /// Permission bits.
        mode: u32,
    },
    /// `fifo open /tmp/req read`: waits until another process opens its other end.
    FifoOpen {
        /// Its path.
        path: String,
        /// Which end.
        end: FifoEnd,
    },
    /// `fifo send 'hal'`: into the one that was opened last to write.
    FifoSend(Data),
    /// `fifo recv 'hal'`, `fifo recv 5 bytes`, `fifo recv until EOF`: from the one that was opened last to read.
    FifoRecv(Wanted),
    /// `fifo close`: the one that was opened last.
    FifoClose,
    /// `fifo remove /tmp/req`
    FifoRemove(String),
    /// `msg create 200 0600`: a System V message queue.
    MsgCreate {
        /// Key.
        key: i32,
        /// Permission bits.
        mode: u32,
    },
    /// `msg send 200 'hal'`, `msg send 200 type 3 'hal'`
    MsgSend {
        /// The queue.
        queue: SegmentName,
        /// The message's type.
        mtype: i64,
        /// What it says.
        data: Data,
    },
    /// `msg recv 200 'hal'`, `msg recv 200 type 3 any`: waits for one.
    MsgRecv {
        /// The queue.
        queue: SegmentName,
        /// Which message, as `msgrcv(2)` has it: 0 the first of any type, else of this one, or of at most the number below 0.
        mtype: i64,
        /// What it must say: data, bytes, or anything.
        wanted: Wanted,
    },
    /// `msg remove 200`
    MsgRemove(SegmentName),
    /// `200 times connect tcp:9000`: a step again and again; now and then the peer waits until all others wait.
    Times {
        /// How often.
        times: u32,
        /// What.
        action: Box<Action>,
    },
    /// `each recv 'hal'`: a step once with each of the sockets that are open, in the order in which they were opened.
    Each(Box<Action>),
}

/// Which end of a FIFO a peer opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FifoEnd {
    /// `read`
    Read,
    /// `write`
    Write,
}

/// How a peer names a segment or a message queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SegmentName {
    /// By its key.
    Key(i32),
    /// `id 5`: by its identifier, which a template may fill in when the peer starts.
    Id(Template),
}

/// What a peer sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// `'text'`, with a NUL only where it is written.
    Text(Template),
    /// `hex 00ff`
    Hex(Vec<u8>),
    /// `100 bytes`: of letters, without a NUL.
    Bytes(u64),
}

/// What a peer wants to receive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Exactly this.
    Data(Data),
    /// So many bytes of whatever.
    Bytes(u64),
    /// Everything until the other side closes.
    UntilEof,
    /// One call, whatever it gives.
    Any,
    /// End of file and nothing before it.
    Eof,
}

/// Which direction a peer shuts down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// `SHUT_RD`
    Read,
    /// `SHUT_WR`
    Write,
    /// `SHUT_RDWR`
    Both,
}

/// A socket type that a peer can open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerSocket {
    /// `tcp`
    Tcp,
    /// `udp`
    Udp,
    /// `unix-stream`
    UnixStream,
    /// `unix-dgram`
    UnixDatagram,
    /// `unix-seqpacket`
    UnixSeqpacket,
}

/// Where a peer connects or sends to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerPlace {
    /// It is known beforehand.
    At(PeerEndpoint),
    /// `{{server.listens}}`, `unix-stream:{{server.listens.path}}`: filled in when the peer starts.
    Served(Template),
}

/// A socket type and its address, as a peer names it: `tcp:127.0.0.1:12345`, `unix-dgram:/tmp/s`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerEndpoint {
    /// Which type.
    pub socket: PeerSocket,
    /// For TCP and UDP; `None`: 127.0.0.1.
    pub ip: Option<IpAddr>,
    /// For TCP and UDP.
    pub port: Option<u16>,
    /// For Unix sockets.
    pub path: Option<String>,
}

impl Step {
    /// The templates of a step.
    pub(crate) fn templates(&self) -> Vec<&Template> {
        self.action.templates()
    }
}

impl Action {
    fn templates(&self) -> Vec<&Template> {
        match self {
            Action::Connect(place) => place.template().into_iter().collect(),
            Action::Send { data, to, .. } => {
                let place = to.as_ref().and_then(PeerPlace::template);
                data.template().into_iter().chain(place).collect()
            }
            Action::Recv(Wanted::Data(data))
            | Action::FifoRecv(Wanted::Data(data))
            | Action::FifoSend(data)
            | Action::ShmWrite(data)
            | Action::ShmRead(data) => data.template().into_iter().collect(),
            Action::ShmAttach(name) | Action::ShmRemove(name) | Action::MsgRemove(name) => {
                name.template().into_iter().collect()
            }
            Action::MsgSend { queue, data, .. } => queue
                .template()
                .into_iter()
                .chain(data.template())
                .collect(),
            Action::MsgRecv { queue, wanted, .. } => {
                let data = match wanted {
                    Wanted::Data(data) => data.template(),
                    _ => None,
                };
                queue.template().into_iter().chain(data).collect()
            }
            Action::Times { action, .. } | Action::Each(action) => action.templates(),
            _ => Vec::new(),
        }
    }
}

impl Data {
    fn template(&self) -> Option<&Template> {
        match self {
            Self::Text(template) => Some(template),
            Self::Hex(_) | Self::Bytes(_) => None,
        }
    }
}

impl SegmentName {
    fn template(&self) -> Option<&Template> {
        match self {
            Self::Id(id) => Some(id),
            Self::Key(_) => None,
        }
    }
}

impl PeerPlace {
    fn template(&self) -> Option<&Template> {
        match self {
            Self::Served(template) => Some(template),
            Self::At(_) => None,
        }
    }
}
