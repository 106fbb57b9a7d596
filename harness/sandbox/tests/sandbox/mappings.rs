//! Mappings: which files and which shared memory a program has mapped itself, and what of it is still there at the end.

use ipclab_evidence::{HeldMappings, Mappings, Moment, Plan, Process};

use crate::bench::{Test, both, plan, run, student};

/// A file that the plan asks about.
const FILE: &str = "/tmp/ipclab_test_map";
/// Another one that it asks about, which a program makes by renaming one of its own.
const NAMED: &str = "/tmp/ipclab_test_named";

fn asking(line: &str) -> Plan {
    let mut one = student("one", line);
    one.maps = true;
    let mut plan = plan([one]);
    plan.objects.mapped = vec![FILE.into(), NAMED.into()];
    plan
}

/// `/tmp/a 2/2 3/4`: pages that are left of those that each call mapped, by object.
fn left(held: &HeldMappings) -> String {
    let page = ipclab_kernel::page::bytes();
    let mut said = String::new();
    let mut before = "";
    for one in &held.mapped {
        if one.on != before {
            said += &format!(" {}", short(&one.on));
            before = &one.on;
        }
        said += &format!(" {}/{}", one.bytes / page, one.whole / page);
    }
    said.trim().to_owned()
}

/// `file: shared writable 2`
fn uses(mappings: &Mappings) -> String {
    let page = ipclab_kernel::page::bytes();
    let each = mappings.objects.iter().map(|one| {
        let words = [
            (one.shared.is_some(), " shared"),
            (one.private.is_some(), " private"),
            (one.writable.is_some(), " writable"),
        ];
        let words: String = words
            .into_iter()
            .filter_map(|(is, word)| is.then_some(word))
            .collect();
        format!("{}:{words} {}", short(&one.on), one.most / page)
    });
    each.collect::<Vec<_>>().join(", ")
}

fn short(on: &str) -> &str {
    match on {
        FILE => "file",
        NAMED => "named",
        "shared memory 1" => "memory",
        other => other,
    }
}

fn at(process: &Process, moment: Moment) -> Vec<String> {
    let held = process.mappings.held.iter();
    held.filter(|held| held.moment == moment)
        .map(left)
        .collect()
}

pub(crate) fn tests() -> Vec<Test> {
    vec![
        both("what_was_mapped_and_what_is_left", |level| {
            // Steps of the program, what it did with what, and what it ended with.
            for (steps, did, ends) in [
                ("s", "file: shared writable 2", "file 2/2"),
                ("scu", "file: shared writable 2", ""),
                ("v", "file: shared writable 2", "file 2/2"),
                ("p", "file: private writable 2", "file 2/2"),
                ("r", "file: shared 2", "file 2/2"),
                ("rw", "file: shared writable 2", "file 2/2"),
                ("rwu", "file: shared writable 2", ""),
                ("a", "memory: shared writable 2", "memory 2/2"),
                ("au", "memory: shared writable 2", ""),
                ("sh", "file: shared writable 2", "file 1/2"),
                ("shH", "file: shared writable 2", ""),
                ("sg", "file: shared writable 3", "file 3/3"),
                ("sgu", "file: shared writable 3", ""),
                ("so", "file: shared writable 2", ""),
                ("ru2", "file: shared 4", "file 2/2 2/2"),
                ("ru2u", "file: shared 4", ""),
                ("ru2h", "file: shared 4", "file 1/2 2/2"),
                ("ruW", "file: shared 2", ""),
                ("W", "file: shared 1", ""),
                ("rr", "file: shared 4", "file 2/2 2/2"),
                ("sp", "file: shared private writable 4", "file 2/2 2/2"),
                // What is not the program's doing is not there: blocks, threads, libraries.
                ("mtl", "", ""),
                ("smtlu", "file: shared writable 2", ""),
                ("sm", "file: shared writable 2", "file 2/2"),
                // By whatever name.
                ("Us", "file: shared writable 2", "file 2/2"),
                ("snu", "named: shared writable 2", ""),
                // The last thread has the last word.
                ("se", "file: shared writable 2", ""),
                ("sE", "file: shared writable 2", "file 2/2"),
            ] {
                for program in ["mappings", "mappings_static"] {
                    let seen = run(level, &asking(&format!("{program} steps {steps} {FILE}")));
                    let [process] = &seen.objects.processes[..] else {
                        panic!("{steps}: {:?}", seen.objects)
                    };
                    let said = (uses(&process.mappings), at(process, Moment::End));
                    assert_eq!(
                        said,
                        (did.to_owned(), vec![ends.to_owned()]),
                        "{program} {steps}"
                    );
                    assert_eq!(process.mappings.crowd, None);
                }
            }
        }),
        both("what_a_child_has_from_its_parent_is_not_its_own", |level| {
            for (steps, waits, ends, child) in [
                ("suf", "", "", ""),
                ("sf", "file 2/2", "file 2/2", ""),
                ("sfu", "file 2/2", "", ""),
                ("af", "memory 2/2", "memory 2/2", ""),
                ("F", "", "", "file 2/2"),
                ("sF", "file 2/2", "file 2/2", "file 2/2"),
            ] {
                let seen = run(level, &asking(&format!("mappings steps {steps} {FILE}")));
                seen.all_well();
                let [parent, forked] = &seen.objects.processes[..] else {
                    panic!("{steps}: {:?}", seen.objects)
                };
                let said = [
                    at(parent, Moment::Wait),
                    at(parent, Moment::End),
                    at(forked, Moment::End),
                ];
                assert_eq!(said.concat(), [waits, ends, child], "{steps}");
            }
        }),
        both(
            "what_a_program_had_mapped_is_gone_when_it_starts_another",
            |level| {
                let seen = run(level, &asking(&format!("mappings steps sx {FILE}")));
                let process = &seen.objects.processes[0];
                assert_eq!(at(process, Moment::End), [""]);
                assert_eq!(uses(&process.mappings), "file: shared writable 2");
            },
        ),
        both(
            "a_process_that_is_killed_says_nothing_of_its_end",
            |level| {
                let seen = run(level, &asking(&format!("mappings steps sk {FILE}")));
                assert!(at(&seen.objects.processes[0], Moment::End).is_empty());
            },
        ),
        both(
            "a_crowd_of_mappings_is_counted_and_not_looked_at_for_ever",
            |level| {
                let seen = run(level, &asking(&format!("mappings crowd 65530 {FILE}")));
                let crowd = seen.objects.processes[0].mappings.crowd.expect("a crowd");
                assert!(
                    crowd.mappings > 65_000 && crowd.unseen > 60_000,
                    "{crowd:?}"
                );
            },
        ),
        both(
            "who_does_not_ask_sees_nothing_and_blocks_stop_nowhere",
            |level| {
                let mut silent = asking(&format!("mappings steps s {FILE}"));
                silent.actors[0].maps = false;
                let seen = run(level, &silent);
                assert!(seen.objects.processes.is_empty(), "{:?}", seen.objects);
                let seen = run(level, &asking("mappings blocks 3000"));
                seen.all_well();
                let maps = |name: &str| name.starts_with("m") && name.contains("map");
                assert!(!seen.trace.iter().any(|call| maps(&call.name)));
            },
        ),
    ]
}
