//! Files that let a CI system, or a container for developing in, get exactly this tool and grade with it.

use crate::about;
use crate::args::Init;
use crate::args::values::Ci;
use ipclab_intake::failure::Failure;

const GITHUB: &str = include_str!("github.yml");
const GITLAB: &str = include_str!("gitlab.yml");
const DEVCONTAINER: &str = include_str!("devcontainer.json");
const DOCKERFILE: &str = include_str!("devcontainer.Dockerfile");
/// Fetches the tool, or builds it; a shell's words.
const GET: &str = include_str!("get.sh");

/// The files for a CI system, by their names in the repository.
///
/// # Errors
/// It is not said where the tool comes from.
pub(super) fn files(system: Ci, args: &Init) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let (name, template) = match system {
        Ci::Github => (".github/workflows/ipclab.yml", GITHUB),
        Ci::Gitlab => (".gitlab-ci.yml", GITLAB),
    };
    Ok(vec![(
        name.to_owned(),
        filled(template, args)?.into_bytes(),
    )])
}

/// The files of a container for developing in.
///
/// # Errors
/// It is not said where the tool comes from.
pub(super) fn devcontainer(args: &Init) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let all = [
        (".devcontainer/devcontainer.json", DEVCONTAINER),
        (".devcontainer/Dockerfile", DOCKERFILE),
        (".devcontainer/get-ipclab.sh", "#!/bin/sh\nset -eu\n@GET@\n"),
    ];
    all.into_iter()
        .map(|(name, template)| Ok((name.to_owned(), filled(template, args)?.into_bytes())))
        .collect()
}

/// A template with everything that was given on the command line, and with this tool's own version.
fn filled(template: &str, args: &Init) -> Result<String, Failure> {
    let from = args.from.as_deref();
    let from = from.or_else(|| Some(env!("CARGO_PKG_REPOSITORY")).filter(|own| !own.is_empty()));
    let from = from.ok_or_else(|| {
        Failure::usage("where the tool is to come from is not said").remedy(
            "give its repository's address, which is written into the file: --from https://HOST/OWNER/ipclab; \
             or the address of an archive that the release script made: --from https://HOST/ipclab.tar.gz --sha256 SUM",
        )
    })?;
    if from.ends_with(ARCHIVE) && args.sha256.is_none() {
        return Err(Failure::usage(format!(
            "{from} is an archive, and nothing says which one it has to be"
        ))
        .remedy("give its checksum, which `sha256sum` prints: --sha256 SUM"));
    }
    let revision = match about::commit() {
        Some(commit) => format!("--rev {commit}"),
        None => format!("--tag v{}", about::VERSION),
    };
    let key = match about::commit() {
        Some(commit) => format!("{}-{commit}", about::VERSION),
        None => about::VERSION.to_owned(),
    };
    let mut options = String::new();
    for tier in args.tiers.tiers() {
        options.push_str(&format!(" --tier {}", tier.name()));
    }
    if let Some(mark) = &args.pass_mark {
        options.push_str(&format!(" --pass-mark {mark}"));
    }
    let text = with_script(template, GET);
    Ok(text
        .replace("@FROM@", from)
        .replace("@VERSION@", about::VERSION)
        .replace("@SHA256@", args.sha256.as_deref().unwrap_or_default())
        .replace("@KEY@", &key)
        .replace("@REVISION@", &revision)
        .replace("@OPTIONS@", &options))
}

/// How the address of an archive ends; any other is a repository's.
const ARCHIVE: &str = ".tar.gz";

/// A template with the script at its place, each line as far in as the place is.
fn with_script(template: &str, script: &str) -> String {
    let lines = template.lines().map(|line| match line.split_once("@GET@") {
        Some((margin, "")) => {
            let lines = script.lines().map(|line| format!("{margin}{line}"));
            lines.collect::<Vec<_>>().join("\n")
        }
        Some(_) | None => line.to_owned(),
    });
    lines.map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_stands_as_far_in_as_its_place() {
        let text = with_script("run: |\n  @GET@\nend\n", "a\n  b\n");
        assert_eq!(text, "run: |\n  a\n    b\nend\n");
    }
}
