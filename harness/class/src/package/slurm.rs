//! A script for Slurm: a class as an array of jobs, and a last job that brings the parts together.
//!
//! Run by itself the script hands itself in; run by Slurm it is one part.

use std::path::Path;

use ipclab_grade::labs;
use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::import::Roster;
use ipclab_spec::Tier;

/// What the script is to grade, and how it is spread.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// A folder or an archive with the submissions of the class.
    pub submissions: &'a Path,
    /// The lab's name, or the path of a spec.
    pub lab: &'a str,
    /// The folder for the results.
    pub out: &'a Path,
    /// The roster, a CSV file.
    pub roster: Option<&'a Path>,
    /// Where the class comes from, as the command line calls it.
    pub from: Option<String>,
    /// Only these tiers; none: all.
    pub tiers: Vec<Tier>,
    /// How many jobs the class is spread over.
    pub parts: u16,
    /// Processors of each job.
    pub processors: u16,
    /// Whether the programs may have the rights of the user who hands the jobs in, where a node gives them no others.
    pub trusted: bool,
}

/// The script.
///
/// # Errors
/// There is no such lab or class.
pub fn slurm(args: &Request<'_>) -> Result<String, Failure> {
    let lab = labs::named(args.lab)?;
    let absolute = |path: &Path| {
        std::path::absolute(path).map_err(|error| {
            Failure::usage(format!(
                "{}: {}",
                ipclab_intake::show::path(path),
                reason(&error)
            ))
        })
    };
    let class = absolute(args.submissions)?;
    if !class.exists() {
        return Err(Failure::usage(format!(
            "there is nothing at {}",
            ipclab_intake::show::path(&class)
        ))
        .remedy("name the folder or the archive that holds the submissions, where every node of the cluster sees it"));
    }
    let tool = std::env::current_exe().map_err(|error| {
        Failure::unable(format!(
            "finding the tool's own executable: {}",
            reason(&error)
        ))
    })?;
    // A spec of one's own is a path.
    let lab_word = match &lab.beside {
        Some(_) => absolute(Path::new(args.lab))?
            .to_string_lossy()
            .into_owned(),
        None => args.lab.to_owned(),
    };
    let mut options = String::new();
    if let Some(roster) = args.roster {
        // Read once here, so that a mistake in it is said now and not by every part.
        Roster::read(roster)?;
        let roster = absolute(roster)?;
        options.push_str(&format!(" --roster {}", quoted(&roster.to_string_lossy())));
    }
    if let Some(name) = &args.from {
        options.push_str(&format!(" --from {name}"));
    }
    for tier in &args.tiers {
        options.push_str(&format!(" --tier {}", tier.name()));
    }
    if args.trusted {
        options.push_str(" --trust-submissions");
    }
    Ok(script(&Script {
        tool: &quoted(&tool.to_string_lossy()),
        class: &quoted(&class.to_string_lossy()),
        out: &quoted(&absolute(args.out)?.to_string_lossy()),
        lab: &quoted(&lab_word),
        name: &lab.spec.lab,
        options: &options,
        parts: args.parts,
        processors: args.processors,
    }))
}

/// What stands in the script; every word as a shell takes it.
struct Script<'a> {
    tool: &'a str,
    class: &'a str,
    out: &'a str,
    lab: &'a str,
    name: &'a str,
    /// Each with a blank before it.
    options: &'a str,
    parts: u16,
    processors: u16,
}

fn script(words: &Script<'_>) -> String {
    let Script {
        tool,
        class,
        out,
        lab,
        name,
        options,
        parts,
        processors,
    } = words;
    format!(
        r#"#!/bin/bash
# Grades a class with Slurm, in {parts} parts. Start it with: bash THIS_FILE
# Run it again to go on after a failure: what is graded is not graded again.
#SBATCH --job-name=ipclab-{name}
#SBATCH --array=1-{parts}
#SBATCH --cpus-per-task={processors}
#SBATCH --time=04:00:00

# Where nodes refuse user namespaces (`srun ipclab doctor` says so), make this file with --trust-submissions.
tool={tool}
class={class}
out={out}
lab={lab}
parts={parts}

if [ -z "${{SLURM_ARRAY_TASK_ID:-}}" ] && [ "${{1:-}}" != merge ]; then
  mkdir -p "$out/parts" || exit 2
  job=$(sbatch --parsable --output="$out/parts/%a.log" "$0") || exit 2
  # A part that could not grade every student ends with a status, too: the merge tells who it is.
  sbatch --array=1-1 --dependency="afterany:${{job%%;*}}" --job-name="ipclab-{name}-merge" --output="$out/merge.log" "$0" merge
  exit
fi

if [ "${{1:-}}" = merge ]; then
  folders=()
  for part in $(seq 1 "$parts"); do folders+=("$out/parts/$part"); done
  exec "$tool" merge "${{folders[@]}}" -o "$out/class"
fi

exec "$tool" grade "$class" --lab "$lab" -o "$out/parts/$SLURM_ARRAY_TASK_ID" \
  --shard "$SLURM_ARRAY_TASK_ID/$parts" --jobs "${{SLURM_CPUS_PER_TASK:-{processors}}}"{options}
"#
    )
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:=@%+,-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
