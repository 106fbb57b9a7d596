//! What the kernel shows of the world: segments, socket files, ports.

use std::fs;

/// A segment as `/proc/sysvipc/shm` shows it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SegmentRow {
    pub(crate) key: i64,
    pub(crate) id: i32,
    /// As it is shown: octal digits.
    pub(crate) mode: String,
    pub(crate) size: usize,
    pub(crate) attached: u64,
}

/// Every segment there is.
pub(crate) fn segments() -> Vec<SegmentRow> {
    let table = fs::read_to_string("/proc/sysvipc/shm").expect("/proc/sysvipc/shm");
    table.lines().skip(1).map(segment_row).collect()
}

fn segment_row(line: &str) -> SegmentRow {
    let columns: Vec<&str> = line.split_whitespace().collect();
    let number = |i: usize| columns[i].parse::<i64>().expect("a number");
    SegmentRow {
        key: number(0),
        id: number(1).try_into().expect("an id"),
        mode: columns[2].to_owned(),
        size: number(3).try_into().expect("a size"),
        attached: number(6).try_into().expect("a count"),
    }
}

/// The unit's socket files that exist in `/tmp`.
pub(crate) fn socket_files() -> Vec<String> {
    let entries = fs::read_dir("/tmp").expect("/tmp");
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| {
            ["uc_", "us_", "sp_"]
                .iter()
                .any(|start| name.starts_with(start))
        })
        .collect()
}

/// The rows of `/proc/net/tcp` or `/proc/net/udp` with this local port: local address (hex), state and bytes still unread.
pub(crate) fn sockets(table: &str, port: u16) -> Vec<(String, String, u64)> {
    let text = fs::read_to_string(format!("/proc/net/{table}")).expect("/proc/net");
    let rows = text
        .lines()
        .skip(1)
        .map(|row| row.split_whitespace().collect::<Vec<_>>());
    rows.filter_map(|row| {
        let (address, local_port) = row[1].split_once(':')?;
        let (_, unread) = row[4].split_once(':')?;
        let unread = u64::from_str_radix(unread, 16).ok()?;
        let ours = u16::from_str_radix(local_port, 16) == Ok(port);
        ours.then(|| (address.to_owned(), row[3].to_owned(), unread))
    })
    .collect()
}
