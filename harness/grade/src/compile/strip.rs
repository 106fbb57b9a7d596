//! Taking out of a program what only debuggers read, so that programs that do the same are the same to the byte.
//!
//! What is taken out is what `strip --strip-all` takes, and the section table and the build id with it: the linker makes the
//! id of everything that it wrote, debug information with its folder and line numbers included. It is done here and not by
//! binutils, since the file is a stranger's. The whole file stays beside the program, for `addr2line` and `gdb`.
//!
//! A program that is built with sanitizers keeps everything: its runtime reads the lines for its report out of its own file.

use std::ops::Range;
use std::path::{Path, PathBuf};

use object::Endianness;
use object::elf::{FileHeader64, NT_GNU_BUILD_ID, PT_NOTE, SHT_NOBITS};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};

/// Where an executable's header says where its sections are, and how many, `elf(5)`.
const ABOUT_SECTIONS: [Range<usize>; 2] = [40..48, 58..64];
/// In every symbol of the sanitizers' libraries (`__asan_init`).
const SANITIZERS: &[u8] = b"san_";
/// What may lie between the parts of a file, for their alignment.
const PADDING: usize = 64;

/// Where the whole file of a program lies that was stripped.
pub fn debug_file(program: &Path) -> PathBuf {
    program.with_extension("debug")
}

/// The program without what is not run; `None`: it is run as it is, since it is no usual executable for 64 bits, or has
/// something at its end that no section holds, or reads its own file.
pub(super) fn strip(file: &[u8]) -> Option<Vec<u8>> {
    let header = FileHeader64::<Endianness>::parse(file).ok()?;
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, file).ok()?;
    let range = |offset: u64, size: u64| -> Option<usize> {
        usize::try_from(offset.checked_add(size)?).ok()
    };
    let table = usize::from(header.e_phnum.get(endian)) * size_of_val(segments.first()?);
    let mut end = range(header.e_phoff.get(endian), table as u64)?.max(size_of_val(header));
    for segment in segments {
        end = end.max(range(segment.p_offset(endian), segment.p_filesz(endian))?);
    }
    let sections = header.section_headers(endian, file).ok()?;
    let mut known = end.max(range(
        header.e_shoff.get(endian),
        size_of_val(sections) as u64,
    )?);
    for section in sections {
        if section.sh_type(endian) != SHT_NOBITS {
            known = known.max(range(section.sh_offset(endian), section.sh_size(endian))?);
        }
    }
    if end > file.len() || file.len() > known + PADDING {
        return None;
    }
    let mut program = file[..end].to_vec();
    if program.windows(SANITIZERS.len()).any(|it| it == SANITIZERS) {
        return None;
    }
    for place in ABOUT_SECTIONS {
        program.get_mut(place)?.fill(0);
    }
    for segment in segments.iter().filter(|it| it.p_type(endian) == PT_NOTE) {
        let mut notes = segment.notes(endian, file).ok()??;
        while let Some(note) = notes.next().ok()? {
            if note.name() == b"GNU" && note.n_type(endian) == NT_GNU_BUILD_ID {
                let at = note.desc().as_ptr().addr() - file.as_ptr().addr();
                program.get_mut(at..at + note.desc().len())?.fill(0);
            }
        }
    }
    Some(program)
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
        cc.args(["-g", "-o", "a", "a.c"]).args(flags);
        let built = cc.current_dir(folder.path()).status().unwrap();
        assert!(built.success());
        fs::read(folder.path().join("a")).unwrap()
    }

    const LISTING: &str = "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n";

    fn stripped(source: &str, flags: &[&str]) -> Vec<u8> {
        strip(&compiled(source, flags)).expect("an executable")
    }

    #[test]
    fn a_listing_with_another_comment_is_the_same_program() {
        let commented = format!("/* My own work.\n\n   Ada. */\n{LISTING}");
        for flags in [&["-O0"][..], &["-O2"], &["-static"], &["-no-pie"]] {
            assert_ne!(compiled(LISTING, flags), compiled(&commented, flags));
            assert!(stripped(LISTING, flags) == stripped(&commented, flags));
        }
        let named = |name: &str| {
            let source = format!("int main(void)\n{{\n\tint {name} = 5;\n\treturn {name};\n}}\n");
            stripped(&source, &[])
        };
        assert!(named("n") == named("count"));
    }

    #[test]
    fn whatever_a_program_can_do_otherwise_makes_it_another() {
        let one = stripped(LISTING, &[]);
        let check = |what: &str, from: &str, to: &str| {
            let changed = LISTING.replace(from, to);
            assert!(one != stripped(&changed, &[]), "{what}");
        };
        check("a text", "hello", "hallo");
        check("code", "return 0", "return 1");
        check("data", "int main", "int data = 5;\nint main");
        check("zeros", "int main", "int zeros[5000];\nint main");
        let at_line_3 = format!("\n{LISTING}").replace("\"hello\"", "&\"hello\"[__LINE__ - 2]");
        assert!(one != stripped(&at_line_3, &[]));
        assert!(one != stripped(LISTING, &["-Wl,-z,execstack"]), "its stack");
    }

    /// The number of sections was left out of what was compared, and the program read it out of its own header.
    #[test]
    fn a_program_that_reads_its_own_header_reads_what_was_compared() {
        let reads = "#include <stdio.h>\nextern const unsigned char __ehdr_start[] __attribute__((visibility(\"hidden\")));\nint main(void) { return *(const unsigned short *)(__ehdr_start + 60); }\n";
        let twin = format!(
            "__asm__(\".section .twin,\\\"\\\",@progbits\\n.byte 1\\n.previous\");\n{reads}"
        );
        let (one, other) = (stripped(reads, &[]), stripped(&twin, &[]));
        assert!(one == other);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        install(&one, &path);
        assert_eq!(Command::new(&path).status().unwrap().code(), Some(0));
    }

    /// By another process: threads of this one that start others would keep the file open for writing for a moment.
    fn install(program: &[u8], path: &Path) {
        let plain = path.with_extension("plain");
        fs::write(&plain, program).unwrap();
        let mut install = Command::new("install");
        install.args(["-m", "755"]).args([&plain, path]);
        assert!(install.status().unwrap().success());
    }

    #[test]
    fn what_is_stripped_runs_and_its_lines_are_found_in_the_whole_file() {
        for flags in [&["-O0"][..], &["-static"], &["-no-pie"]] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a");
            let whole = compiled(LISTING, flags);
            install(&strip(&whole).unwrap(), &path);
            let output = Command::new(&path).output().unwrap();
            assert_eq!(output.stdout, b"hello\n");
            let debug = debug_file(&path);
            fs::write(&debug, &whole).unwrap();
            let symbols = Command::new("nm").arg(&debug).output().unwrap();
            let symbols = String::from_utf8(symbols.stdout).unwrap();
            let main = symbols.lines().find(|line| line.ends_with(" T main"));
            let place = main.unwrap().split(' ').next().unwrap();
            let line = Command::new("addr2line")
                .arg("-e")
                .args([&debug])
                .arg(place)
                .output()
                .unwrap();
            let line = String::from_utf8(line.stdout).unwrap();
            assert!(line.trim().ends_with("a.c:2"), "{line}");
        }
    }

    #[test]
    fn anything_else_is_run_as_it_is() {
        assert_eq!(strip(b""), None);
        assert_eq!(strip(b"#!/bin/sh\n"), None);
        assert_eq!(strip(&compiled(LISTING, &["-fsanitize=address"])), None);
        let good = compiled(LISTING, &[]);
        let mut with_payload = good.clone();
        with_payload.extend([1; 4096]);
        assert_eq!(strip(&with_payload), None);
        // Cut off anywhere, or with numbers in it that lead nowhere, it is still only bytes.
        for length in (0..good.len()).step_by(97) {
            strip(&good[..length]);
        }
        for at in 0..1024 {
            let mut bad = good.clone();
            bad[at] ^= 0xff;
            strip(&bad);
        }
    }
}
