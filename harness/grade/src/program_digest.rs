//! What of an executable a running program is made of.
//!
//! Two students who typed in the same listing, each with comments of their own, have the same program: the compiler leaves
//! out all that differs but for what it wrote down for debuggers. So executables are told apart by what the kernel maps of
//! them, `elf(5)`, `execve(2)`.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use object::Endianness;
use object::elf::{FileHeader64, NT_GNU_BUILD_ID, PF_W, PT_LOAD, PT_NOTE};
use object::read::elf::{FileHeader, ProgramHeader};

/// A digest.
pub type Digest = [u8; 32];

/// What is mapped comes in whole pages of this many bytes.
const PAGE: usize = 4096;
/// Where an executable's header says where its sections are, and how many: nothing that is run has to do with sections.
const ABOUT_SECTIONS: [Range<usize>; 2] = [40..48, 60..64];
/// In every symbol of the sanitizers' libraries (`__asan_init`). A program that is built with them reads what was written
/// down for debuggers, and prints it.
const SANITIZERS: &[u8] = b"san_";

/// A larger executable is none that a student's few files come to, and is not looked into.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The same for executables that do the same. Of anything but an executable for 64 bits, or one that is large or looks into
/// its own file, it is the digest of the whole file.
///
/// # Errors
/// It cannot be read.
pub fn of(path: &Path) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    if file.metadata()?.len() > FILE_BYTES_MAX {
        let mut whole = blake3::Hasher::new();
        whole.update_reader(&mut file)?;
        return Ok(*whole.finalize().as_bytes());
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(digest(&bytes))
}

fn digest(file: &[u8]) -> Digest {
    mapped(file).unwrap_or_else(|| *blake3::hash(file).as_bytes())
}

fn mapped(file: &[u8]) -> Option<Digest> {
    let header = FileHeader64::<Endianness>::parse(file).ok()?;
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, file).ok()?;
    let mut image = file.to_vec();
    for place in ABOUT_SECTIONS {
        image.get_mut(place)?.fill(0);
    }
    // The linker's digest of all that it wrote, what is for debuggers included.
    for segment in segments.iter().filter(|it| it.p_type(endian) == PT_NOTE) {
        let mut notes = segment.notes(endian, file).ok()??;
        while let Some(note) = notes.next().ok()? {
            if note.name() == b"GNU" && note.n_type(endian) == NT_GNU_BUILD_ID {
                let at = note.desc().as_ptr().addr() - file.as_ptr().addr();
                image.get_mut(at..at + note.desc().len())?.fill(0);
            }
        }
    }
    let mut hash = blake3::Hasher::new();
    for segment in segments {
        hash.update(object::bytes_of(segment));
        if segment.p_type(endian) != PT_LOAD {
            continue;
        }
        let from = usize::try_from(segment.p_offset(endian)).ok()?;
        let length = usize::try_from(segment.p_filesz(endian)).ok()?;
        let end = from.checked_add(length)?;
        // The rest of the last page is mapped, too, where the kernel does not clear it for what begins as zeros.
        let cleared =
            segment.p_flags(endian).0 & PF_W.0 != 0 && segment.p_memsz(endian) > length as u64;
        let end = match cleared {
            true => end,
            false => end.checked_next_multiple_of(PAGE)?.min(image.len()),
        };
        let part = image.get(from / PAGE * PAGE..end)?;
        let looks_into_itself = part.windows(SANITIZERS.len()).any(|it| it == SANITIZERS);
        if looks_into_itself {
            return None;
        }
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    Some(*hash.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    fn compiled(source: &str, flags: &[&str]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.c"), source).unwrap();
        let mut cc = Command::new("cc");
        cc.args(flags).args(["-g", "-o", "a", "a.c"]);
        let built = cc.current_dir(folder.path()).status().unwrap();
        assert!(built.success());
        fs::read(folder.path().join("a")).unwrap()
    }

    const LISTING: &str = "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n";

    #[test]
    fn a_listing_with_another_comment_is_the_same_program() {
        let commented = format!("/* My own work.\n\n   Ada. */\n{LISTING}");
        let (one, other) = (compiled(LISTING, &[]), compiled(&commented, &[]));
        assert_ne!(one, other);
        assert_eq!(digest(&one), digest(&other));
        let named = |name: &str| {
            let source = format!("int main(void)\n{{\n\tint {name} = 5;\n\treturn {name};\n}}\n");
            digest(&compiled(&source, &[]))
        };
        assert_eq!(named("n"), named("count"));
    }

    #[test]
    fn whatever_a_program_can_do_otherwise_makes_it_another() {
        let one = digest(&compiled(LISTING, &[]));
        let check = |what: &str, from: &str, to: &str| {
            let changed = LISTING.replace(from, to);
            assert_ne!(one, digest(&compiled(&changed, &[])), "{what}");
        };
        check("a text", "hello", "hallo");
        check("code", "return 0", "return 1");
        check("data", "int main", "int data = 5;\nint main");
        check("zeros", "int main", "int zeros[5000];\nint main");
        // Where the comment before it does matter.
        let at_line_3 = format!("\n{LISTING}").replace("\"hello\"", "&\"hello\"[__LINE__ - 2]");
        assert_ne!(one, digest(&compiled(&at_line_3, &[])));
        assert_ne!(
            one,
            digest(&compiled(LISTING, &["-Wl,-z,execstack"])),
            "its stack"
        );
    }

    #[test]
    fn a_program_that_reads_its_own_file_is_digested_whole() {
        let commented = format!("/* My own work. */\n\n{LISTING}");
        let flags = ["-fsanitize=address"];
        assert_ne!(
            digest(&compiled(LISTING, &flags)),
            digest(&compiled(&commented, &flags))
        );
    }

    #[test]
    fn a_large_file_is_digested_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        let check = |bytes: &[u8], whole: bool| {
            fs::write(&path, bytes).unwrap();
            assert_eq!(of(&path).unwrap() == *blake3::hash(bytes).as_bytes(), whole);
        };
        let mut program = compiled(LISTING, &[]);
        check(&program, false);
        program.resize(FILE_BYTES_MAX as usize + 1, 0);
        check(&program, true);
        assert!(of(&folder.path().join("nothing")).is_err());
    }

    #[test]
    fn anything_else_is_digested_whole() {
        let whole = |bytes: &[u8]| digest(bytes) == *blake3::hash(bytes).as_bytes();
        assert!(whole(b"") && whole(b"#!/bin/sh\n"));
        let good = compiled(LISTING, &[]);
        assert!(!whole(&good));
        // Cut off anywhere, or with numbers in it that lead nowhere, it is still only bytes.
        for length in (0..good.len()).step_by(97) {
            digest(&good[..length]);
        }
        for at in 0..1024 {
            let mut bad = good.clone();
            bad[at] ^= 0xff;
            digest(&bad);
        }
    }
}
