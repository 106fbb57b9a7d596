//! Signals that came too early, or to a process that was not ready, or not at all.

mod common;

use common::{Run, call, case, check, finding, line};
use ipclab_spec::Aspect;
use ipclab_verdict::origin::Sources;
use serde_json::json;

const WAITS: &str = "\
int main(void)
{
    sigprocmask(SIG_SETMASK, NULL, &before);
    signal(SIGUSR1, note);
    if (fork() == 0) {
        kill(getppid(), SIGUSR1);
        while (!came)
            sigsuspend(&before);
        _exit(0);
    }
    while (!came)
        sigsuspend(&before);
    if (counted == 1)
        kill(child, SIGUSR2);
    sigprocmask(SIG_BLOCK, &both, NULL);
    wait(NULL);
    return 0;
}
";

#[test]
fn a_signal_that_came_before_the_wait_leads_to_the_mask_and_the_handler() {
    let message = "server never ended: it waits in sigsuspend() (#7). SIGUSR1 had come before (#5), and a signal \
                   that comes before sigsuspend() does not end it";
    let early = finding(Aspect::Exit, message, &[12]);
    let mut run = Run::ended(0);
    run.exit = json!({"running": {}});
    check(WAITS, &case("", "0"), &run, &early, 3);
    check(WAITS, &case("", "0"), &run, &early, 4);
}

#[test]
fn a_signal_to_a_process_that_is_not_ready_leads_to_what_blocks_signals() {
    let message = "SIGUSR2 came to server from process 4001, which had no handler for it and did not wait for it";
    let unready = finding(Aspect::Output, message, &[17]);
    check(WAITS, &case("", "0"), &Run::ended(0), &unready, 15);
    let without = WAITS.replace("sigprocmask", "nothing");
    check(&without, &case("", "0"), &Run::ended(0), &unready, 4);
}

#[test]
fn a_child_that_waits_for_a_signal_leads_to_where_its_parent_sends_one() {
    let child = |n: u32, name: &str, line: u32| {
        let mut call = call(n, name, &json!([]), 0, line);
        call["pid"] = json!(3);
        call
    };
    let wait = |pid: u32, call: &str, n: u32| json!({"actor": 0, "pid": pid, "call": call, "n": n});
    let mut run = Run::ended(0);
    run.trace = vec![
        call(1, "fork", &json!([]), 3, 5),
        child(2, "kill", 6),
        call(3, "kill", &json!([]), 0, 14),
        child(4, "rt_sigsuspend", 8),
        call(5, "wait4", &json!([]), 0, 16),
    ];
    run.exit = json!({"running": {"wait": wait(2, "wait4", 5)}});
    let mut evidence = run.evidence();
    let waits = json!({"stuck": {"waits": [wait(2, "wait4", 5), wait(3, "rt_sigsuspend", 4)]}});
    evidence.ended = serde_json::from_value(waits).expect("an end");
    let files = [("server.c".to_owned(), WAITS.to_owned())].into();
    let never = finding(
        Aspect::Exit,
        "server never ended: it waits in wait() (#5)",
        &[16],
    );
    let traced = Sources::new(&files).trace(&case("", "0"), Some(&evidence), &never);
    assert_eq!(traced.from, [line(14), line(8)]);
}
