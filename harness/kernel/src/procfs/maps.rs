//! What a process has mapped, `/proc/PID/maps`.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::sys::statvfs::{FsFlags, statvfs};

use super::read;
use crate::process::Pid;

/// A line of `/proc/PID/maps`, `proc_pid_maps(5)`.
struct Line<'a> {
    range: Range<u64>,
    /// `rw-s`
    access: &'a [u8],
    offset: u64,
    /// Major and minor.
    device: (u32, u32),
    /// 0: no file's.
    inode: u64,
    /// Empty: it has no name.
    path: &'a [u8],
}

impl<'a> Line<'a> {
    /// `556a1c000000-556a1c001000 r-xp 00001000 fe:01 1234    /lab/server`; `None`: it is none.
    fn read(line: &'a [u8]) -> Option<Self> {
        let mut words = line.splitn(6, |byte| *byte == b' ');
        let mut word = || std::str::from_utf8(words.next()?).ok();
        let (range, access, offset, device, inode) = (word()?, word()?, word()?, word()?, word()?);
        let (start, end) = range.split_once('-')?;
        let (major, minor) = device.split_once(':')?;
        let hexadecimal = |text| u64::from_str_radix(text, 16).ok();
        let number = |text| u32::from_str_radix(text, 16).ok();
        Some(Self {
            range: hexadecimal(start)?..hexadecimal(end)?,
            access: access.as_bytes(),
            offset: hexadecimal(offset)?,
            device: (number(major)?, number(minor)?),
            inode: inode.parse().ok()?,
            path: words.next().unwrap_or_default().trim_ascii(),
        })
    }

    /// Whether it has this letter: `r`, `w`, `x`, and `s` where others see what is written there.
    fn may(&self, letter: u8) -> bool {
        self.access.contains(&letter)
    }
}

/// What is made of each line; `None`: the process is gone.
fn each<T>(tid: Pid, of_line: impl Fn(&[u8]) -> Option<T>) -> Option<Vec<T>> {
    let maps = read(tid, "maps")?;
    let lines = maps.split(|byte| *byte == b'\n');
    Some(lines.filter_map(of_line).collect())
}

/// A stretch of a process's memory that others may share, as `/proc/PID/maps` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedMapping {
    /// Where it begins, and how many bytes it has.
    pub start: u64,
    /// As above.
    pub length: u64,
    /// May it be read, and written to?
    pub readable: bool,
    /// As above.
    pub writable: bool,
    /// Where in the object it begins.
    pub offset: u64,
    /// The object: of a System V segment its identifier.
    pub inode: u64,
    /// Its path: `/SYSV0001e240 (deleted)`, `/dev/zero (deleted)`, `/dev/shm/name`.
    pub path: Vec<u8>,
}

impl SharedMapping {
    /// The System V segment that it is a window on.
    #[must_use]
    pub fn segment(&self) -> Option<i32> {
        let is_segment = self.path.starts_with(b"/SYSV");
        is_segment.then_some(self.inode as i32)
    }
}

/// What a process has mapped for sharing, `MAP_SHARED` of `mmap(2)` and attached segments; `None`: it is gone.
#[must_use]
pub fn shared_mappings(tid: Pid) -> Option<Vec<SharedMapping>> {
    each(tid, shared_mapping)
}

/// `7f5c40000000-7f5c40001000 rw-s 00000000 00:01 32769    /SYSV00000000 (deleted)`
fn shared_mapping(line: &[u8]) -> Option<SharedMapping> {
    let line = Line::read(line).filter(|line| line.may(b's'))?;
    Some(SharedMapping {
        start: line.range.start,
        length: line.range.end.checked_sub(line.range.start)?,
        readable: line.may(b'r'),
        writable: line.may(b'w'),
        offset: line.offset,
        inode: line.inode,
        path: line.path.to_vec(),
    })
}

/// Where a process has mapped code of files, and their paths; nothing: it is gone.
fn code_mappings(pid: Pid) -> Vec<(Range<u64>, Vec<u8>)> {
    let of_line = |line: &[u8]| {
        let line = Line::read(line)?;
        line.may(b'x').then(|| (line.range, line.path.to_vec()))
    };
    each(pid, of_line).unwrap_or_default()
}

/// The file whose code a process has mapped at an address; `None`: none, or the process is gone.
#[must_use]
pub fn code_at(tid: Pid, address: u64) -> Option<Vec<u8>> {
    let mut all = code_mappings(tid).into_iter();
    all.find_map(|(range, path)| range.contains(&address).then_some(path))
}

/// Where a process has mapped code of files of the system's folders whose paths contain this name.
#[must_use]
pub fn system_code(pid: Pid, name: &[u8]) -> Vec<Range<u64>> {
    let contains = |path: &[u8]| path.windows(name.len()).any(|part| part == name);
    let mut all = code_mappings(pid);
    all.retain(|(_, path)| is_systems(path) && contains(path));
    all.into_iter().map(|(range, _)| range).collect()
}

/// Whether a path is one of the system's folders.
#[must_use]
pub fn is_systems(path: &[u8]) -> bool {
    let system = [&b"/usr/"[..], b"/lib"];
    system.iter().any(|folder| path.starts_with(folder))
}

/// Files whose code a process has mapped, and which were changed after that time or are gone. What lies in the system's folders, or
/// where nothing can be written, is not looked at: a file of the host that is shown so may have got one more name meanwhile.
#[must_use]
pub fn code_made_since(pid: Pid, since: SystemTime) -> Vec<Vec<u8>> {
    let since = since.duration_since(UNIX_EPOCH).unwrap_or_default();
    let since = (since.as_secs() as i64, i64::from(since.subsec_nanos()));
    let root = PathBuf::from(format!("/proc/{pid}/root"));
    let mut made: Vec<Vec<u8>> = Vec::new();
    for (_, path) in code_mappings(pid) {
        if !path.starts_with(b"/") || is_systems(&path) || made.contains(&path) {
            continue;
        }
        let seen = root.join(OsStr::from_bytes(path.get(1..).unwrap_or_default()));
        let is_made = match std::fs::metadata(&seen) {
            Ok(about) => (about.ctime(), about.ctime_nsec()) > since && !is_read_only(&seen),
            Err(error) => error.kind() == ErrorKind::NotFound,
        };
        if is_made {
            made.push(path);
        }
    }
    made
}

/// Whether nothing can be written where this lies, whoever asks.
fn is_read_only(path: &Path) -> bool {
    statvfs(path).is_ok_and(|about| about.flags().contains(FsFlags::ST_RDONLY))
}

/// A part of a file that a process has mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMapping {
    /// Its first address.
    pub start: u64,
    /// The first address behind it.
    pub end: u64,
    /// Where in the file it begins.
    pub offset: u64,
    /// Whether it holds code.
    pub executable: bool,
    /// Which file: device, major and minor together, and inode.
    pub file: (u64, u64),
}

/// The parts of files that a process has mapped; `None`: it is gone.
#[must_use]
pub fn file_mappings(tid: Pid) -> Option<Vec<FileMapping>> {
    each(tid, file_mapping)
}

/// `556a1c000000-556a1c001000 r-xp 00001000 fe:01 1234    /lab/server`
fn file_mapping(line: &[u8]) -> Option<FileMapping> {
    let line = Line::read(line).filter(|line| line.inode != 0)?;
    let (major, minor) = line.device;
    Some(FileMapping {
        start: line.range.start,
        end: line.range.end,
        offset: line.offset,
        executable: line.may(b'x'),
        file: (u64::from(major) << 32 | u64::from(minor), line.inode),
    })
}

/// A part of a file, or of memory that processes share, that a process has mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectMapping {
    /// Its addresses.
    pub range: Range<u64>,
    /// Where in the object it begins.
    pub offset: u64,
    /// May it be written to?
    pub writable: bool,
    /// Do others see what is written there?
    pub shared: bool,
    /// The object: device, as `stat(2)` has it, and inode.
    pub file: (u64, u64),
    /// Its path: `/dev/zero (deleted)`, `/dev/shm/name`.
    pub path: Vec<u8>,
}

/// What a process has mapped of objects, in the order of addresses, and how many mappings it has in all; `None`: it is gone.
#[must_use]
pub fn object_mappings(tid: Pid) -> Option<(Vec<ObjectMapping>, u64)> {
    let all = each(tid, |line| (!line.is_empty()).then(|| object_mapping(line)))?;
    let number = all.len() as u64;
    Some((all.into_iter().flatten().collect(), number))
}

/// `7f5c40000000-7f5c40001000 rw-s 00000000 00:01 32769    /dev/zero (deleted)`
fn object_mapping(line: &[u8]) -> Option<ObjectMapping> {
    let line = Line::read(line).filter(|line| line.inode != 0)?;
    let (major, minor) = line.device;
    Some(ObjectMapping {
        offset: line.offset,
        writable: line.may(b'w'),
        shared: line.may(b's'),
        file: (libc::makedev(major, minor), line.inode),
        path: line.path.to_vec(),
        range: line.range,
    })
}

/// A stretch of a process's own memory, as `/proc/PID/maps` has it: what others do not share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnMapping {
    /// Its addresses.
    pub range: Range<u64>,
    /// May it be read?
    pub readable: bool,
    /// Written to?
    pub writable: bool,
    /// Does it hold code?
    pub executable: bool,
    /// The file's path, `[heap]`, `[stack]`; empty for memory that is in no file.
    pub path: Vec<u8>,
}

/// What a process has mapped for itself, in the order of addresses; `None`: it is gone.
#[must_use]
pub fn own_mappings(tid: Pid) -> Option<Vec<OwnMapping>> {
    each(tid, own_mapping)
}

/// `55e0c8a3d000-55e0c8a3e000 rw-p 00003000 fe:01 1234    /lab/counter`
fn own_mapping(line: &[u8]) -> Option<OwnMapping> {
    let line = Line::read(line).filter(|line| !line.may(b's'))?;
    Some(OwnMapping {
        readable: line.may(b'r'),
        writable: line.may(b'w'),
        executable: line.may(b'x'),
        path: line.path.to_vec(),
        range: line.range,
    })
}

#[cfg(test)]
mod tests {
    use super::shared_mapping;

    #[test]
    fn own_mappings_are_those_that_no_other_process_shares() {
        let check = |line: &str, expected: Option<(u64, u64, &str, &str)>| {
            let found = super::own_mapping(line.as_bytes());
            let found = found.as_ref().map(|one| {
                let access: String = [
                    (one.readable, 'r'),
                    (one.writable, 'w'),
                    (one.executable, 'x'),
                ]
                .into_iter()
                .filter_map(|(may, letter)| may.then_some(letter))
                .collect();
                let path = String::from_utf8(one.path.clone()).unwrap();
                (one.range.start, one.range.end, access, path)
            });
            let expected = expected
                .map(|(start, end, access, path)| (start, end, access.to_owned(), path.to_owned()));
            assert_eq!(found, expected, "{line}");
        };
        check(
            "55e0c8a3d000-55e0c8a3e000 rw-p 00003000 fe:01 1234                       /lab/a counter",
            Some((0x55e0_c8a3_d000, 0x55e0_c8a3_e000, "rw", "/lab/a counter")),
        );
        check(
            "55e0c8a3e000-55e0c8a5f000 ---p 00000000 00:00 0                          [heap]",
            Some((0x55e0_c8a3_e000, 0x55e0_c8a5_f000, "", "[heap]")),
        );
        check(
            "7f0000001000-7f0000003000 rw-p 00000000 00:00 0",
            Some((0x7f00_0000_1000, 0x7f00_0000_3000, "rw", "")),
        );
        check(
            "7f0000001000-7f0000003000 rw-s 00001000 00:01 32769                      /SYSV00000000 (deleted)",
            None,
        );
    }

    #[test]
    fn mappings_are_read_as_the_kernel_writes_them() {
        let check = |line: &str, expected: Option<(u64, u64, bool, u64, Option<i32>)>| {
            let found = shared_mapping(line.as_bytes()).map(|one| {
                let segment = one.segment();
                (one.start, one.length, one.writable, one.offset, segment)
            });
            assert_eq!(found, expected, "{line}");
        };
        check(
            "7f0000001000-7f0000003000 rw-s 00001000 00:01 32769                      /SYSV00000000 (deleted)",
            Some((0x7f00_0000_1000, 0x2000, true, 0x1000, Some(32769))),
        );
        check(
            "7f0000001000-7f0000003000 ---s 00000000 00:01 12                         /dev/zero (deleted)",
            Some((0x7f00_0000_1000, 0x2000, false, 0, None)),
        );
        check("7f0000001000-7f0000003000 rw-p 00000000 00:00 0 ", None);
        check(
            "7ffe1000-7ffe3000 rw-p 00000000 00:00 0          [stack]",
            None,
        );
        check("", None);
    }
}
