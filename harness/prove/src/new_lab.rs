//! The files of a lab that proves itself, to be changed into the lab that is wanted.

use std::fs;
use std::path::{Path, PathBuf};

use ipclab_intake::failure::Failure;
use ipclab_intake::show;

/// The files by their names, in which `NAME` stands for the lab's. Those of the tutorial of `specs/README.md` are these.
const FILES: [(&str, &str); 10] = [
    ("specs/NAME.toml", include_str!("new_lab/spec.toml")),
    ("specs/ref/NAME.c", include_str!("new_lab/reference.c")),
    ("labs/NAME/README.md", include_str!("new_lab/handout.md")),
    (
        "labs/NAME/starter/NAME.c",
        include_str!("new_lab/starter.c"),
    ),
    (
        "labs/NAME/submissions/accepted/plain/NAME.c",
        include_str!("new_lab/accepted.c"),
    ),
    (
        "labs/NAME/submissions/accepted/plain/expected.toml",
        "about = \"one loop around fork(), another one around wait()\"\n",
    ),
    (
        "labs/NAME/submissions/rejected/never-waits.toml",
        include_str!("new_lab/never-waits.toml"),
    ),
    (
        "labs/NAME/submissions/rejected/orphans.toml",
        include_str!("new_lab/orphans.toml"),
    ),
    (
        "labs/NAME/submissions/rejected/too-few.toml",
        include_str!("new_lab/too-few.toml"),
    ),
    (
        "labs/NAME/submissions/rejected/never-fails.toml",
        include_str!("new_lab/never-fails.toml"),
    ),
];

/// Writes them, and never over a file that is there. Gives their paths, the spec first.
///
/// # Errors
/// The name is none, a file is there already, or the folder cannot be written.
pub fn write(name: &str, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || name.starts_with('-') || !name.chars().all(is_plain) {
        return Err(Failure::usage(format!("{name:?} is no name of a lab"))
            .remedy("a name has letters, digits, - and _"));
    }
    let folder = match folder {
        here if here == Path::new(".") => Path::new(""),
        folder => folder,
    };
    let files = FILES.map(|(path, text)| {
        let path = folder.join(path.replace("NAME", name));
        (path, text.replace("NAME", name))
    });
    if let Some((path, _)) = files
        .iter()
        .find(|(path, _)| path.symlink_metadata().is_ok())
    {
        return Err(
            Failure::usage(format!("{} is there already", show::path(path)))
                .remedy("give the lab another name: nothing is written over"),
        );
    }
    let mut files = files.to_vec();
    // That of other labs in this folder is of this tool, or of a newer one.
    let schema = folder.join("specs/schema/lab.json");
    if schema.symlink_metadata().is_err() {
        files.push((schema, ipclab_spec::schema()));
    }
    for (path, text) in &files {
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| {
            Failure::disk(format_args!("making {}", show::path(parent)), &error)
        })?;
        fs::write(path, text)
            .map_err(|error| Failure::disk(format_args!("writing {}", show::path(path)), &error))?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}
