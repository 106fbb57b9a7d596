//! Archives made byte by byte, since the libraries refuse to write what hostile ones hold.

use std::io::Write;

/// One entry.
#[derive(Clone)]
pub struct Entry {
    pub name: Vec<u8>,
    pub content: Vec<u8>,
    /// As `stat(2)` has it, kind included.
    pub mode: u32,
    /// What is said to be in a zip: the bytes are there in this many copies.
    pub packed: Option<Vec<u8>>,
    pub flags: u16,
}

/// A file.
pub fn file(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Entry {
    Entry {
        name: name.as_ref().to_owned(),
        content: content.as_ref().to_owned(),
        mode: 0o100_644,
        packed: None,
        // UTF-8 names.
        flags: 0x0800,
    }
}

/// A symbolic link.
pub fn link(name: &str, target: &str) -> Entry {
    Entry {
        mode: 0o120_777,
        ..file(name, target)
    }
}

/// A file of zeros of which only the compressed form is in memory.
pub fn zeros(name: &str, size: usize) -> Entry {
    let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    let block = vec![0; 1 << 20];
    for _ in 0..size >> 20 {
        packer.write_all(&block).expect("memory");
    }
    let mut content = file(name, []);
    content.packed = Some(packer.finish().expect("memory"));
    content.content = (size as u32).to_le_bytes().to_vec();
    content
}

/// A zip of these entries, names and all as they are given.
pub fn zip(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let offset = out.len() as u32;
        let mut crc = flate2::Crc::new();
        let (method, body, size) = match &entry.packed {
            None => {
                crc.update(&entry.content);
                (0_u16, entry.content.clone(), entry.content.len() as u32)
            }
            Some(packed) => {
                let size = u32::from_le_bytes(entry.content[..4].try_into().expect("a size"));
                let block = vec![0; 1 << 20];
                (0..size >> 20).for_each(|_| crc.update(&block));
                (8, packed.clone(), size)
            }
        };
        let mut shared = Vec::new();
        shared.extend(20_u16.to_le_bytes());
        shared.extend(entry.flags.to_le_bytes());
        shared.extend(method.to_le_bytes());
        shared.extend([0; 4]);
        shared.extend(crc.sum().to_le_bytes());
        shared.extend((body.len() as u32).to_le_bytes());
        shared.extend(size.to_le_bytes());
        shared.extend((entry.name.len() as u16).to_le_bytes());
        shared.extend(0_u16.to_le_bytes());

        out.extend(*b"PK\x03\x04");
        out.extend(&shared);
        out.extend(&entry.name);
        out.extend(body);

        directory.extend(*b"PK\x01\x02");
        // Made on Unix: so the upper half of the attributes is a mode.
        directory.extend([20, 3]);
        directory.extend(&shared);
        directory.extend([0; 6]);
        directory.extend((entry.mode << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(&entry.name);
    }
    let start = out.len() as u32;
    let count = (entries.len() as u16).to_le_bytes();
    out.extend(&directory);
    out.extend(*b"PK\x05\x06\0\0\0\0");
    out.extend([count, count].concat());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    out
}

/// An entry of a tar of this kind: `0` a file, `1` a hard link, `2` a symbolic link, `3` a device, `6` a pipe, `L` a long
/// name.
pub fn tar_entry(name: &[u8], kind: u8, content: &[u8], target: &str) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..name.len().min(100)].copy_from_slice(&name[..name.len().min(100)]);
    header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
    header.set_entry_type(tar::EntryType::new(kind));
    header.set_mode(0o644);
    header.set_size(content.len() as u64);
    header.set_cksum();
    let mut out = header.as_bytes().to_vec();
    out.extend(content);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

/// A tar of these.
pub fn tar(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut out = entries.concat();
    out.extend([0; 1024]);
    out
}

/// The same, compressed.
pub fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).expect("memory");
    packer.finish().expect("memory")
}
