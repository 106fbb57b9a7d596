//! Archives: whatever is in one, what comes out of it lies below the folder that it was unpacked into.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use super::Take;
use ipclab_intake::import::{self, ExpectedFiles, archive};
use ipclab_intake::store::Store;
use ipclab_intake::submission::Submission;

static STORE: LazyLock<Store> = LazyLock::new(|| Store::open().expect("a writable home"));

/// What it is called and whose it is, then the archive.
pub fn archives(data: &[u8]) {
    let mut take = Take(data);
    let kind = take.byte();
    let mut bytes = take.0.to_vec();
    let name = match kind % 3 {
        0 => "x.zip",
        1 => "x.tar",
        _ => "x.tgz",
    };
    if kind % 3 == 1 {
        checksums(&mut bytes);
    }
    let store = STORE.part("fuzz").expect("a folder");
    let place = store.folder("place").expect("a folder");
    let archive = place.join(name);
    fs::write(&archive, bytes).expect("a file");
    if kind & 64 == 0 {
        let out = place.join("out");
        fs::create_dir(&out).expect("a folder");
        let kind = archive::kind(name).expect("it is called so");
        if archive::unpack::unpack(&archive, kind, &out).is_ok() {
            let staged = place.join("staged");
            fs::create_dir(&staged).expect("a folder");
            take_in(&out, &staged);
        }
    } else {
        let sources = ["hello.c".to_owned()];
        let expected = ExpectedFiles {
            sources: &sources,
            single: Some("hello.c"),
        };
        if let Ok(class) = import::look(&archive, None, &expected, None, &store) {
            for found in &class.found {
                assert!(!found.who.page.contains('/') && !found.who.page.starts_with('.'));
                let _ = import::take_in(found, &store, &mut Vec::new());
            }
        }
    }
    // Whatever happened, nothing lies beside the folder that was meant.
    let beside = fs::read_dir(&place).expect("our folder").flatten();
    for entry in beside {
        let name = entry.file_name();
        assert!(
            ["out", "staged"].iter().any(|own| name == **own)
                || name == *archive.file_name().expect("a name"),
            "{name:?}"
        );
    }
}

fn take_in(out: &Path, staged: &Path) {
    if let Ok(submission) = Submission::take_in(out, staged.to_owned()) {
        for file in &submission.files {
            let about = fs::symlink_metadata(submission.staged.join(file)).expect("it was staged");
            assert!(about.is_file(), "{}", file.display());
        }
        submission.contents();
    }
}

/// Puts right what every change of a header makes wrong, so that changed headers are read at all.
fn checksums(bytes: &mut [u8]) {
    let mut at = 0;
    while let Some(block) = bytes.get_mut(at..at + 512) {
        if block.iter().all(|byte| *byte == 0) {
            break;
        }
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let size = std::str::from_utf8(&block[124..136]).unwrap_or("");
        let size = usize::from_str_radix(size.trim_matches(['\0', ' ']), 8).unwrap_or(0);
        at = at
            .saturating_add(512)
            .saturating_add(size.next_multiple_of(512).min(1 << 40));
    }
}
