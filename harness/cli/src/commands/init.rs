//! `ipclab init`: a folder to start working in, a workflow that grades it at every push, a container to work in.

mod ci;
mod editor;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::args::Init;
use crate::output;
use ipclab_grade::labs;
use ipclab_intake::failure::Failure;
use ipclab_intake::show;

/// Writes a lab's starter and handout into a folder, a workflow, a container's files, or all of them.
///
/// # Errors
/// There is no such lab, it is not said where the tool comes from, a file is there already, or the folder cannot be written.
pub(crate) fn init(args: &Init) -> Result<ExitCode, Failure> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    // The name of a lab that the tool does not carry.
    let mut own: Option<String> = None;
    if let Some(name) = &args.lab {
        let lab = labs::named(name)?;
        for (file, contents) in labs::starter(&lab) {
            files.push((file.to_string_lossy().into_owned(), contents));
        }
        if let Some(text) = labs::handout(&lab) {
            files.push(("HANDOUT.md".to_owned(), text.into_bytes()));
        }
        // So that neither `check` nor the workflow has to be told which lab it is, where it is one that the tool carries.
        let carried = lab.path.is_none().then_some(lab.spec.lab.as_str());
        files.push((
            "ipclab.toml".to_owned(),
            editor::mapping(carried).into_bytes(),
        ));
        own = lab.path.map(|_| lab.spec.lab);
        files.extend(editor::files());
    }
    let is_for_repository = args.ci.is_some() || args.devcontainer;
    if let Some(system) = args.ci {
        files.extend(ci::files(system, args)?);
    }
    if args.devcontainer {
        files.extend(ci::devcontainer(args)?);
    }
    if files.is_empty() {
        return Err(Failure::usage(
            "nothing to write: name a lab, a CI system with --ci, or --devcontainer",
        )
        .remedy(format!("the labs are: {}", labs::names().join(", "))));
    }
    let folder = match (&args.folder, &args.lab) {
        (Some(folder), _) => folder.clone(),
        (None, Some(lab)) if !is_for_repository => {
            Path::new(own.as_ref().unwrap_or(lab)).to_owned()
        }
        (None, _) => Path::new(".").to_owned(),
    };
    // Everything is looked at before anything is written, so that the instructor is not left with half of it.
    if let Some((name, _)) = files
        .iter()
        .find(|(name, _)| folder.join(name).symlink_metadata().is_ok())
    {
        return Err(Failure::usage(format!(
            "{} is there already",
            show::path(&folder.join(name))
        ))
        .remedy("name a new folder: nothing is written over"));
    }
    let mut out = String::new();
    for (name, contents) in &files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(&folder);
        fs::create_dir_all(parent).map_err(|error| {
            Failure::disk(format_args!("making {}", show::path(parent)), &error)
        })?;
        fs::write(&path, contents).map_err(|error| {
            Failure::disk(format_args!("writing {}", show::path(&path)), &error)
        })?;
        out.push_str(&format!("{}\n", show::path(&path)));
    }
    if let Some(lab) = &args.lab {
        let folder = show::path(&folder);
        let spec = own
            .as_ref()
            .map_or(String::new(), |_| format!(" --spec {lab}"));
        out.push_str(&format!(
            "\nRead {folder}/HANDOUT.md, then work there, and see how far you are:\n  ipclab check {folder}{spec} --watch\n"
        ));
    }
    if args.ci.is_some() {
        out.push_str(
            "\nCommit the workflow: it grades from the next push on, without a change to it.\n",
        );
    }
    output::print(&out)
}
