//! Gathers what the tool carries with it, so that one file is all that an instructor has to copy: every spec, and each
//! lab's handout and starter. Submissions stay in the repository; the tool does not need them at run time.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let top = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../..");
    let carried = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it")).join("course");
    if carried.exists() {
        fs::remove_dir_all(&carried)?;
    }
    copy(&top.join("specs"), &carried.join("specs"))?;
    println!("cargo::rerun-if-changed={}", top.join("specs").display());
    for lab in sorted(&top.join("labs"))? {
        let name = lab.file_name().expect("a folder's entry has a name");
        for part in ["README.md", "starter"] {
            // Cargo takes what is not there for changed, and would build this and all that needs it every time.
            if lab.join(part).exists() {
                println!("cargo::rerun-if-changed={}", lab.join(part).display());
                copy(&lab.join(part), &carried.join("labs").join(name).join(part))?;
            }
        }
    }
    fs::create_dir_all(carried.join("labs"))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in sorted(from)? {
            copy(
                &entry,
                &to.join(entry.file_name().expect("a folder's entry has a name")),
            )?;
        }
        return Ok(());
    }
    fs::create_dir_all(to.parent().expect("a file has a folder"))?;
    fs::copy(from, to).map(|_| ())
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}
