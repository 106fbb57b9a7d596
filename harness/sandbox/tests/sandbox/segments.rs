//! A program that reads or writes beyond a segment shows every time, whatever lies beside it by chance.

use ipclab_evidence::Exit;

use crate::bench::{Test, both, plan, run, student, trusted};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    // The segment's size, the byte, and from where.
    for (name, acts, output) in [
        ("within", "4096 4095", Some("0")),
        ("behind_a_page", "4096 4096", None),
        ("before", "4096 -1", None),
        ("far_behind", "4096 100000", None),
        ("behind_the_last_page", "5000 8192", None),
        ("behind_a_second_window", "4096 4096 second", None),
        ("behind_it_in_a_child", "4096 4096 child", None),
        ("within_it_in_a_child", "4096 0 child", Some("0")),
    ] {
        tests.push(both(format!("a_byte_{name}"), move |level| {
            let seen = run(
                level,
                &plan([student("program", &format!("segments touches {acts}"))]),
            );
            match output {
                Some(output) => {
                    seen.all_well();
                    assert_eq!(seen.out("program").trim(), output);
                }
                None => {
                    let exit = &seen.actor("program").exit;
                    assert!(
                        matches!(exit, Exit::Signal { signal: 11, .. }),
                        "{exit:?}: {}",
                        seen.out("program")
                    );
                }
            }
        }));
    }
    for (who, play) in [
        ("a_student's", student as fn(&str, &str) -> _),
        ("ours", trusted),
    ] {
        for (size, behind) in [(10, "4086"), (4096, "0"), (5000, "3192")] {
            tests.push(both(
                format!("no_zeros_lie_behind_{size}_bytes_of_{who}"),
                move |level| {
                    let seen = run(
                        level,
                        &plan([play("program", &format!("segments behind {size}"))]),
                    );
                    seen.all_well();
                    assert_eq!(seen.out("program").trim(), behind);
                },
            ));
        }
    }
    for (name, output) in [
        ("chooses", "as wanted\nin its place\nagain\nbeside\n"),
        ("told", "never attached\n1 by itself\nInvalid argument\n"),
    ] {
        tests.push(both(format!("a_program_that_{name}"), move |level| {
            let seen = run(
                level,
                &plan([student("program", &format!("segments {name}"))]),
            );
            seen.all_well();
            assert_eq!(seen.out("program"), output);
        }));
    }
    tests
}
