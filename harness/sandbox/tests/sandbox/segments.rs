//! A program that reads or writes beyond a segment shows every time, whatever lies beside it by chance.

use ipclab_evidence::Exit;
use ipclab_kernel::page;

use crate::bench::{Test, both, plan, run, student, trusted};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    let page = page::bytes();
    // The segment's size, the byte, and from where.
    for (name, acts, output) in [
        ("within", format!("{page} {}", page - 1), Some("0")),
        ("behind_a_page", format!("{page} {page}"), None),
        ("before", format!("{page} -1"), None),
        ("far_behind", format!("{page} {}", page + 100_000), None),
        (
            "behind_the_last_page",
            format!("{} {}", page + 1000, 2 * page),
            None,
        ),
        (
            "behind_a_second_window",
            format!("{page} {page} second"),
            None,
        ),
        ("behind_it_in_a_child", format!("{page} {page} child"), None),
        ("within_it_in_a_child", format!("{page} 0 child"), Some("0")),
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
    for (name, bytes, pages) in [
        ("a_byte", 1, 1),
        ("a_page", page, 1),
        ("a_page_and_a_byte", page + 1, 2),
        // Whatever the size of a page is, these are whole ones.
        ("64_kib", 65_536, 65_536 / page),
    ] {
        tests.push(both(format!("{name}_is_told_in_pages"), move |level| {
            let seen = run(
                level,
                &plan([student("program", &format!("segments touches {bytes} 0"))]),
            );
            seen.all_well();
            let made = seen.trace.iter().find(|call| call.name == "shmget");
            let told = made.into_iter().flat_map(|call| &call.answers);
            let told: Vec<_> = told.map(|it| (&*it.name, &*it.value)).collect();
            assert_eq!(told.last(), Some(&("pages", &*pages.to_string())));
        }));
    }
    for (who, play) in [
        ("a_student's", student as fn(&str, &str) -> _),
        ("ours", trusted),
    ] {
        // The name, the size, and how many bytes lie behind it.
        for (name, size, behind) in [
            ("10_bytes", 10, page - 10),
            ("a_page", page, 0),
            ("a_page_and_1000_bytes", page + 1000, page - 1000),
        ] {
            tests.push(both(
                format!("no_zeros_lie_behind_{name}_of_{who}"),
                move |level| {
                    let seen = run(
                        level,
                        &plan([play("program", &format!("segments behind {size}"))]),
                    );
                    seen.all_well();
                    assert_eq!(seen.out("program").trim(), behind.to_string());
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
