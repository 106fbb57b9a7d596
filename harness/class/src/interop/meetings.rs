//! The meetings: each pair of different programs once, in every case.

use std::collections::BTreeMap;
use std::path::Path;

use ipclab_evidence::Level;
use ipclab_judge::{Finding, Verdict};
use ipclab_report::Line;
use ipclab_report::interop::{Meeting, Side};

use super::parties::Party;
use super::roles::{Roles, is_about_both};
use ipclab_grade::explore::{ExploreContext, ReferenceRuns, explore};
use ipclab_grade::labs::Lab;
use ipclab_grade::pool::PoolSlice;
use ipclab_grade::progress::Progress;
use ipclab_plan::Artifact;
use ipclab_plan::Programs;
use ipclab_sandbox::Sandbox;
use ipclab_verdict as verdict;

/// Where the files of a column's programs are shown that are no executables: beside the row's, which may be called the same.
const COLUMN_FOLDER: &str = "/aside";

/// What came of all of them.
pub(super) struct Meetings {
    pub(super) meetings: Vec<Vec<Option<Meeting>>>,
    pub(super) sayings: Vec<Line>,
    /// How many pairs were run.
    pub(super) pairs_run: usize,
}

/// What two parties' programs are: the same pairs come to the same.
type Key = Vec<[u8; 32]>;

/// What came of one pair.
struct PairOutcome {
    verdict: Verdict,
    blames: Vec<Side>,
    says: Option<Line>,
}

/// Holds every meeting.
pub(super) fn hold(
    pool: &mut PoolSlice<'_>,
    lab: &Lab,
    roles: &Roles<'_>,
    parties: &[Party],
    progress: &dyn Progress,
) -> Meetings {
    let mut pairs: BTreeMap<Key, (&Party, &Party)> = BTreeMap::new();
    for row in parties {
        for column in parties {
            if let Some(key) = key(roles, row, column) {
                pairs.entry(key).or_insert((row, column));
            }
        }
    }
    let pairs: Vec<(Key, (&Party, &Party))> = pairs.into_iter().collect();
    progress.stage("pairs meet", pairs.len());
    let level = pool.level();
    let pair_outcome = pool.each(&pairs, |sandbox, (_, (row, column))| {
        let pair_outcome = match together(roles, row, column, level) {
            Ok(programs) => meet(lab, roles, (&programs, &parties[0].programs), sandbox),
            Err(why) => PairOutcome {
                verdict: Verdict::Unknown,
                blames: Vec::new(),
                says: Some(Line::new(&why)),
            },
        };
        progress.step();
        pair_outcome
    });
    let mut sayings: Vec<Line> = Vec::new();
    let mut places: BTreeMap<Line, usize> = BTreeMap::new();
    let mut meetings_by_pair: BTreeMap<&Key, Meeting> = BTreeMap::new();
    for ((key, _), pair_outcome) in pairs.iter().zip(pair_outcome) {
        let says = pair_outcome.says.map(|says| {
            *places.entry(says.clone()).or_insert_with(|| {
                sayings.push(says);
                sayings.len() - 1
            })
        });
        let meeting = Meeting {
            verdict: pair_outcome.verdict,
            blames: pair_outcome.blames,
            says,
            odd: false,
        };
        meetings_by_pair.insert(key, meeting);
    }
    let row_of = |row: &Party| {
        let columns = parties.iter();
        columns
            .map(|column| meetings_by_pair.get(&key(roles, row, column)?).cloned())
            .collect()
    };
    Meetings {
        meetings: parties.iter().map(row_of).collect(),
        pairs_run: meetings_by_pair.len(),
        sayings,
    }
}

/// What this pair is; `None`: one of the two lacks a program.
fn key(roles: &Roles<'_>, row: &Party, column: &Party) -> Option<Key> {
    let columns = roles.columns.iter().map(|name| column.alike.get(*name));
    [row.alike.get(roles.row)]
        .into_iter()
        .chain(columns)
        .map(Option::<&[u8; 32]>::copied)
        .collect()
}

/// The row's program and the column's others.
fn together(
    roles: &Roles<'_>,
    row: &Party,
    column: &Party,
    level: Level,
) -> Result<Programs, String> {
    let mut programs = Programs {
        references: row.programs.references.clone(),
        own: row.programs.own.clone(),
        withheld: row.programs.withheld.clone(),
        ..Programs::default()
    };
    let same = std::ptr::eq(row, column);
    let files = |party: &Party, name: &str| {
        matches!(
            party.programs.plain.get(name),
            Some(Artifact::Command { .. })
        )
    };
    for (party, name) in [(row, roles.row)]
        .into_iter()
        .chain(roles.columns.iter().map(|name| (column, *name)))
    {
        if !same && name != roles.row {
            programs.guests.insert(name.to_owned());
        }
        let aside = !same && name != roles.row && files(row, roles.row) && files(column, name);
        if aside && level == Level::Shared {
            return Err(
                "two programs that are folders of files can meet at the namespaces level only"
                    .to_owned(),
            );
        }
        let put = |artifact: &Artifact| {
            if aside {
                moved(artifact)
            } else {
                artifact.clone()
            }
        };
        let arguments = party.programs.arguments.get(name);
        programs
            .arguments
            .extend(arguments.map(|own| (name.to_owned(), own.clone())));
        let of = |built: &BTreeMap<String, Artifact>| built.get(name).map(put);
        programs
            .plain
            .extend(of(&party.programs.plain).map(|artifact| (name.to_owned(), artifact)));
        let sanitized = party.programs.sanitized.iter();
        let sanitized = sanitized.filter(|((_, program), _)| program == name);
        programs
            .sanitized
            .extend(sanitized.map(|(key, artifact)| (key.clone(), put(artifact))));
    }
    Ok(programs)
}

/// The same program with its files in another folder.
fn moved(artifact: &Artifact) -> Artifact {
    match artifact {
        Artifact::Executable(_) => artifact.clone(),
        Artifact::Command {
            tool,
            argv,
            entries,
        } => {
            let place = |name: &Path| Path::new(COLUMN_FOLDER).join(name);
            let is_file = |word: &str| {
                let word = word.trim_start_matches("./");
                entries.iter().any(|(_, name)| name.as_os_str() == word)
            };
            let word = |word: &String| match is_file(word) {
                true => place(Path::new(word.trim_start_matches("./")))
                    .to_string_lossy()
                    .into_owned(),
                false => word.clone(),
            };
            Artifact::Command {
                tool: tool.clone(),
                argv: argv.iter().map(word).collect(),
                entries: entries
                    .iter()
                    .map(|(host, name)| (host.clone(), place(Path::new(name)).into()))
                    .collect(),
            }
        }
    }
}

/// Runs all cases with these programs.
fn meet(
    lab: &Lab,
    roles: &Roles<'_>,
    (programs, substitutes): (&Programs, &Programs),
    sandbox: &mut Sandbox,
) -> PairOutcome {
    let context = ExploreContext {
        spec: &lab.spec,
        programs,
        substitutes,
        reference_runs: &ReferenceRuns::default(),
        run_cache: None,
        seed: 0,
        schedule: None,
        look_into: false,
    };
    let mut pair_outcome = PairOutcome {
        verdict: Verdict::Pass,
        blames: Vec::new(),
        says: None,
    };
    for case in &roles.cases {
        let (record, _) = explore(case, &context, sandbox, &mut []);
        let outcome = match &record.unable {
            Some(why) => ipclab_judge::Outcome::unknown(case, why),
            None => verdict::settled_runs(case, &record, 0).outcome,
        };
        let about_both = |finding: &Finding| {
            // What could not be run has nothing else to say.
            is_about_both(finding) || finding.verdict == Verdict::Unknown
        };
        for finding in outcome.findings.into_iter().filter(about_both) {
            pair_outcome.verdict = match (finding.verdict, pair_outcome.verdict) {
                (Verdict::Pass, _) => continue,
                (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
                (Verdict::Fail | Verdict::Skipped, _) => Verdict::Fail,
            };
            // Blame follows the cause: a server is not to blame for what a client that loops never sent.
            let mistake = finding.mistake.as_ref();
            let culprit = mistake.and_then(|mistake| mistake.program.as_deref());
            let shown_by = finding.actor.as_deref();
            let row = culprit
                .map(|program| program == roles.row)
                .or_else(|| roles.is_row(case, shown_by?));
            let side = row.map(|row| if row { Side::Row } else { Side::Column });
            pair_outcome.blames.extend(side);
            pair_outcome
                .says
                .get_or_insert_with(|| match roles.cases.len() {
                    1 => Line::new(&finding.message),
                    _ => Line::new(&format!("{}: {}", case.id, finding.message)),
                });
        }
    }
    pair_outcome.blames.sort_unstable();
    pair_outcome.blames.dedup();
    pair_outcome
}
