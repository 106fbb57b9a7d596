//! A box's namespaces, and how user and group ids inside them stand for ids outside, `user_namespaces(7)`.

use std::io::{self, Read};

use ipclab_kernel::Pid;

/// What a box is cloned with.
pub(crate) const NAMESPACES: i32 = libc::CLONE_NEWUSER
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP;

/// How user and group ids inside stand for ids outside.
pub(crate) struct IdMap {
    users: String,
    groups: String,
    deny_setgroups: bool,
}

/// First host id of the range that stands for the box's ids when the tool runs as root.
///
/// Never 0: with 0 standing for 0, root-owned files are readable inside and the process limit is void.
const RANGE_STARTS: [u32; 2] = [100_000, 20_000];

/// How many ranges there are behind each start. What the kernel counts by user (descriptors on their way, the room of pipes) is then
/// counted for the boxes of each keeper alone.
const RANGES: u32 = 20;

/// How many ids a box has: root, the actors' 1000 and another user's 1001.
const RANGE_LENGTH: u32 = 2_000;

impl IdMap {
    /// As root a range of unprivileged ids, for the keeper with this number, else our own id alone, standing for the box's root.
    pub(crate) fn here(keeper: usize) -> Self {
        let (uid, gid) = (
            nix::unistd::geteuid().as_raw(),
            nix::unistd::getegid().as_raw(),
        );
        let own = (keeper % RANGES as usize) as u32 * RANGE_LENGTH;
        let starts = RANGE_STARTS
            .into_iter()
            .flat_map(|start| [start + own, start]);
        let mut starts = starts.filter(|start| is_mapped_here(*start, RANGE_LENGTH));
        if uid == 0
            && let Some(start) = starts.next()
        {
            let range = format!("0 {start} {RANGE_LENGTH}");
            return Self {
                users: range.clone(),
                groups: range,
                deny_setgroups: false,
            };
        }
        Self {
            users: format!("0 {uid} 1"),
            groups: format!("0 {gid} 1"),
            deny_setgroups: true,
        }
    }

    /// Writes the maps of a process that has just been cloned into a user namespace, `user_namespaces(7)`.
    pub(crate) fn write(&self, pid: Pid) -> io::Result<()> {
        let put = |file: &str, text: &str| {
            std::fs::write(format!("/proc/{pid}/{file}"), text).map_err(|error| {
                io::Error::new(error.kind(), format!("writing its {file}: {error}"))
            })
        };
        if self.deny_setgroups {
            put("setgroups", "deny")?;
        }
        put("uid_map", &self.users)?;
        put("gid_map", &self.groups)
    }
}

/// Whether our own user namespace has ids for a whole range, for users and for groups.
pub(crate) fn is_mapped_here(start: u32, length: u32) -> bool {
    ["/proc/self/uid_map", "/proc/self/gid_map"]
        .into_iter()
        .all(|file| {
            let mut text = String::new();
            let read =
                std::fs::File::open(file).and_then(|mut file| file.read_to_string(&mut text));
            read.is_ok()
                && text.lines().any(|line| {
                    let mut numbers = line
                        .split_whitespace()
                        .filter_map(|number| number.parse::<u64>().ok());
                    let (Some(first), Some(_), Some(count)) =
                        (numbers.next(), numbers.next(), numbers.next())
                    else {
                        return false;
                    };
                    u64::from(start) >= first
                        && u64::from(start) + u64::from(length) <= first + count
                })
        })
}
