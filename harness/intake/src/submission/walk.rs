//! Looking through a student's folder: what is in it, and what of it can matter.
//!
//! Names and sizes only; nothing is opened but the first bytes of a file, to know a binary when one was handed in.

use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, reason};
use crate::show;

/// A source larger than this is none: the unit's largest has some hundred lines.
pub const FILE_MAX: u64 = 4 << 20;
/// What a submission may have in all, in bytes.
pub const TOTAL_MAX: u64 = 64 << 20;
/// How many files are copied at most.
const FILES_MAX: usize = 2_000;
/// How many entries are looked at, `.git` and the like not counted.
const ENTRIES_MAX: usize = 20_000;
const DEPTH_MAX: usize = 16;

/// What is in a folder. Paths are relative to it.
#[derive(Debug, Default)]
pub struct Listing {
    /// Files to copy: regular ones and links; what a link leads to shows when it is opened.
    pub files: Vec<PathBuf>,
    /// Folders, empty ones too: a Makefile may want them.
    pub folders: Vec<PathBuf>,
    /// What is not copied, and why.
    pub skipped: Vec<(PathBuf, Skipped)>,
}

/// Why something in a folder is not copied.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skipped {
    /// A program, object or library: what is graded is built from source.
    Binary,
    /// A picture, a document, an archive.
    Media,
    /// Larger than any source, and not called one.
    Large,
    /// Hidden, or made by an operating system, an editor or a build.
    Junk,
    /// A link that leaves the submission or leads nowhere.
    Link,
    /// A pipe, a device, a socket.
    Special,
    /// Not readable, for this reason.
    Unreadable(String),
}

impl Skipped {
    /// For a list.
    pub fn words(&self) -> String {
        match self {
            Self::Binary => "a binary, never run".to_owned(),
            Self::Media => "not a source".to_owned(),
            Self::Large => "too large for a source".to_owned(),
            Self::Junk => "left out".to_owned(),
            Self::Link => "a link that leaves the submission or leads nowhere".to_owned(),
            Self::Special => "not a regular file".to_owned(),
            Self::Unreadable(why) => why.clone(),
        }
    }
}

impl Skipped {
    /// What its author can do.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Link | Self::Special => "put the file itself into the folder",
            Self::Unreadable(_) => "make it readable: chmod u+r",
            Self::Large => "take out of it what is no source",
            Self::Binary | Self::Media | Self::Junk => "put the source into the folder",
        }
    }
}

/// Looks through the folder.
///
/// # Errors
/// It is not there, not a folder, not readable, or larger than any submission.
pub fn walk(root: &Path) -> Result<Listing, Failure> {
    let display = show::path(root);
    match fs::metadata(root) {
        Ok(about) if about.is_dir() => {}
        Ok(_) => {
            return Err(Failure::usage(format!("{display} is a file, not a folder"))
                .remedy("name the folder that the programs are in"));
        }
        Err(error) => {
            return Err(Failure::usage(format!(
                "opening the submission {display}: {}",
                reason(&error)
            ))
            .remedy("name the folder that the programs are in, for example: ipclab check ."));
        }
    }
    let mut walk = Walk {
        root,
        listing: Listing::default(),
        entries: 0,
        bytes: 0,
    };
    walk.folder(Path::new(""), 0)?;
    let mut listing = walk.listing;
    listing.files.sort();
    listing.folders.sort();
    Ok(listing)
}

struct Walk<'a> {
    root: &'a Path,
    listing: Listing,
    entries: usize,
    bytes: u64,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, depth: usize) -> Result<(), Failure> {
        let entries = match fs::read_dir(self.root.join(folder)) {
            Ok(entries) => entries,
            Err(error) if depth == 0 => {
                let failure = Failure::usage(format!(
                    "reading {}: {}",
                    show::path(self.root),
                    reason(&error)
                ));
                return Err(failure.remedy("give yourself the right to read it: chmod u+rx"));
            }
            Err(error) => {
                self.skip(folder, Skipped::Unreadable(reason(&error)));
                return Ok(());
            }
        };
        for entry in entries.flatten() {
            self.entries += 1;
            if self.entries > ENTRIES_MAX {
                return Err(self.too_large(&format!("more than {ENTRIES_MAX} files and folders")));
            }
            let path = folder.join(entry.file_name());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.subfolder(&path, depth)?,
                Ok(kind) if kind.is_file() => self.file(&path)?,
                Ok(kind) if kind.is_symlink() => self.link(path),
                Ok(_) => self.skip(&path, Skipped::Special),
                Err(error) => self.skip(&path, Skipped::Unreadable(reason(&error))),
            }
        }
        Ok(())
    }

    fn subfolder(&mut self, path: &Path, depth: usize) -> Result<(), Failure> {
        if is_hidden(path) {
            return Ok(());
        }
        if depth == DEPTH_MAX || is_built(path) {
            // Its own name is kept: a Makefile may want the folder itself.
            self.listing.folders.push(path.to_owned());
            self.skip(path, Skipped::Junk);
            return Ok(());
        }
        self.listing.folders.push(path.to_owned());
        self.folder(path, depth + 1)
    }

    fn file(&mut self, path: &Path) -> Result<(), Failure> {
        if is_hidden(path) {
            return Ok(());
        }
        let size = fs::symlink_metadata(self.root.join(path)).map_or(0, |about| about.len());
        if has_extension(path, MEDIA) {
            self.skip(path, Skipped::Media);
        } else if size > FILE_MAX && has_extension(path, SOURCES) {
            let mib = size.div_ceil(1 << 20);
            return Err(Failure::usage(format!(
                "{} is {mib} MiB: no source of a lab is larger than {} MiB",
                show::path(&self.root.join(path)),
                FILE_MAX >> 20
            ))
            .remedy("take it out of the folder, or hand in the source that was meant"));
        } else {
            match first_bytes(&self.root.join(path)) {
                Ok(head) if is_binary(path, &head) => self.skip(path, Skipped::Binary),
                Ok(_) if size > FILE_MAX => self.skip(path, Skipped::Large),
                Ok(_) => {
                    self.bytes += size;
                    self.listing.files.push(path.to_owned());
                    if self.bytes > TOTAL_MAX {
                        return Err(self.too_large(&format!("more than {} MiB", TOTAL_MAX >> 20)));
                    }
                    if self.listing.files.len() > FILES_MAX {
                        return Err(self.too_large(&format!("more than {FILES_MAX} files")));
                    }
                }
                Err(error) => self.skip(path, Skipped::Unreadable(reason(&error))),
            }
        }
        Ok(())
    }

    fn link(&mut self, path: PathBuf) {
        if !is_hidden(&path) {
            self.listing.files.push(path);
        }
    }

    fn skip(&mut self, path: &Path, why: Skipped) {
        self.listing.skipped.push((path.to_owned(), why));
    }

    fn too_large(&self, what: &str) -> Failure {
        Failure::usage(format!(
            "{} has {what}: that is no submission",
            show::path(self.root)
        ))
        .remedy("name the folder of one student")
    }
}

fn first_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    fs::File::open(path)?.take(8).read_to_end(&mut head)?;
    Ok(head)
}

/// `.git`, `.vscode`, `._server.c` of a Mac's archive.
fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_bytes();
    name.starts_with(b".") || name == b"__MACOSX"
}

/// Folders that builds make and that hold nothing by hand.
pub fn is_built(path: &Path) -> bool {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    matches!(
        &*name,
        "build" | "target" | "cmakefiles" | "node_modules" | "__pycache__" | "venv"
    ) || name.starts_with("cmake-build-")
}

/// Files that a compiler may be given.
pub const SOURCES: &[&str] = &[
    "c", "h", "cc", "cpp", "cxx", "hpp", "rs", "py", "go", "java", "pl", "rb", "js", "s",
];

const MEDIA: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "bmp", "webp", "svg", "heic", "tiff", "mp4", "mov", "avi", "mkv",
    "mp3", "wav", "pdf", "doc", "docx", "odt", "ppt", "pptx", "xls", "xlsx", "zip", "tar", "gz",
    "tgz", "bz2", "xz", "7z", "rar",
];

/// Whether the file is called `….EXTENSION`, in any case.
pub fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension()
        .is_some_and(|own| extensions.iter().any(|one| own.eq_ignore_ascii_case(one)))
}

/// Programs, objects and libraries by their first bytes; bytecode by its name.
fn is_binary(path: &Path, head: &[u8]) -> bool {
    const MAGIC: [&[u8]; 6] = [
        b"\x7fELF",
        b"MZ",
        b"!<arch>\n",
        b"\xcf\xfa\xed\xfe",
        b"\xca\xfe\xba\xbe",
        b"\xfe\xed\xfa\xcf",
    ];
    let named_source = has_extension(path, SOURCES);
    let begins = MAGIC.iter().any(|magic| head.starts_with(magic));
    // `MZ` may well begin a text; an ELF called server.c is still no source.
    (begins && !(head.starts_with(b"MZ") && named_source))
        || has_extension(path, &["o", "a", "so", "exe", "out", "pyc", "class", "obj"])
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn tree(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        root
    }

    fn names(paths: &[PathBuf]) -> Vec<String> {
        paths
            .iter()
            .map(|path| path.display().to_string())
            .collect()
    }

    #[test]
    fn what_a_build_an_editor_or_a_mac_left_is_not_a_source() {
        let root = tree(&[
            ("iserver.c", b"int main(void){}"),
            ("Übung 1/client.c", b""),
            ("a.out", b"\x7fELF\x02"),
            ("iserver", b"\x7fELF\x02"),
            ("proof.PNG", b"\x89PNG"),
            (".git/config", b""),
            ("__MACOSX/._iserver.c", b""),
            ("._iserver.c", b"\0\x05"),
            ("build/iserver.c", b""),
            ("node_modules/x/iserver.c", b""),
            ("MZ.c", b"MZ_t x;"),
        ]);
        let listing = walk(root.path()).unwrap();
        assert_eq!(
            names(&listing.files),
            ["MZ.c", "iserver.c", "Übung 1/client.c"]
        );
        let mut binaries: Vec<_> = listing
            .skipped
            .iter()
            .filter(|(_, why)| *why == Skipped::Binary)
            .map(|(path, _)| path.clone())
            .collect();
        binaries.sort();
        assert_eq!(names(&binaries), ["a.out", "iserver"]);
        assert!(listing.folders.contains(&PathBuf::from("build")));
    }

    #[test]
    fn a_source_of_100_mb_is_refused_before_it_is_read() {
        let root = tree(&[]);
        fs::File::create(root.path().join("server.c"))
            .unwrap()
            .set_len(100 << 20)
            .unwrap();
        let failure = walk(root.path()).unwrap_err();
        assert_eq!(failure.code, 2);
        assert!(failure.message.contains("server.c is 100 MiB"), "{failure}");
    }

    #[test]
    fn pipes_and_links_are_never_opened() {
        let root = tree(&[]);
        nix::unistd::mkfifo(&root.path().join("server.c"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        symlink("/etc/passwd", root.path().join("client.c")).unwrap();
        let listing = walk(root.path()).unwrap();
        assert_eq!(
            listing.skipped,
            [(PathBuf::from("server.c"), Skipped::Special)]
        );
        assert_eq!(names(&listing.files), ["client.c"]);
    }

    #[test]
    fn a_missing_folder_is_named_with_a_remedy() {
        let failure = walk(Path::new("/nowhere/at all")).unwrap_err();
        assert_eq!(
            failure.message,
            "opening the submission /nowhere/at all: no such file or directory"
        );
        assert!(failure.remedy.is_some());
    }
}
