//! Real programs in real boxes, and what is observed of them, at both levels.
//!
//! The programs are written in C, compiled once a run; every test is a plan of a few words and the exact evidence that
//! must come of it. `cargo test -p ipclab-sandbox --test sandbox -- stuck` runs one theme.

mod ahead;
mod apart;
mod bench;
mod cgroups;
mod clock;
mod container;
mod descendants;
mod exits;
mod leftovers;
mod limits;
mod mappings;
mod measures;
mod objects;
mod outside;
mod planted;
mod readiness;
mod refused;
mod request;
mod schedules;
mod segments;
mod signals;
mod steering;
mod streams;
mod stuck;
mod tampers;
mod threads;
mod turns;
mod wire;
mod withheld;
mod witness;
mod yields;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    if let Some(code) = ipclab_sandbox::hidden(&args) {
        return code;
    }
    if let Some(code) = ahead::run_subprocess_test(&args) {
        return code;
    }
    let args = container::enter_if_asked(args);
    let themes = [
        ("ahead", ahead::tests()),
        ("apart", apart::tests()),
        ("cgroups", cgroups::tests()),
        ("clock", clock::tests()),
        ("container", container::tests()),
        ("descendants", descendants::tests()),
        ("exits", exits::tests()),
        ("leftovers", leftovers::tests()),
        ("limits", limits::tests()),
        ("mappings", mappings::tests()),
        ("measures", measures::tests()),
        ("objects", objects::tests()),
        ("outside", outside::tests()),
        ("planted", planted::tests()),
        ("readiness", readiness::tests()),
        ("refused", refused::tests()),
        ("request", request::tests()),
        ("schedules", schedules::tests()),
        ("segments", segments::tests()),
        ("signals", signals::tests()),
        ("streams", streams::tests()),
        ("stuck", stuck::tests()),
        ("tampers", tampers::tests()),
        ("threads", threads::tests()),
        ("turns", turns::tests()),
        ("wire", wire::tests()),
        ("withheld", withheld::tests()),
        ("witness", witness::tests()),
        ("yields", yields::tests()),
    ];
    let trials = themes
        .into_iter()
        .flat_map(|(theme, tests)| tests.into_iter().flat_map(move |test| test.trials(theme)))
        .collect();
    let mut arguments = libtest_mimic::Arguments::from_iter(args);
    // Most of a test is waiting for processes to start and end.
    let threads = 2 * std::thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads = arguments.test_threads.or(Some(threads));
    let conclusion = libtest_mimic::run(&arguments, trials);
    bench::clear();
    let left = cgroups::left();
    if !left.is_empty() {
        eprintln!("left behind: {left:?}");
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}
