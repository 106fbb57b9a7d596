//! The line to the supervisor: questions, answers, and what is no supervisor.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;

use crate::supervisor::{PeerOutput, PeerSupervisor, line, tell};

/// How a peer with such a descriptor 3 ends, when no supervisor speaks to it.
fn end(supervisor: &PeerSupervisor, descriptor: Option<OwnedFd>) -> (Option<i32>, String) {
    let mut child = supervisor.start(descriptor);
    let mut stderr = String::new();
    let mut pipe = child.stderr.take().unwrap();
    pipe.read_to_string(&mut stderr).unwrap();
    (child.wait().unwrap().code(), stderr)
}

#[test]
fn without_a_supervisor_it_says_so() {
    let supervisor = PeerSupervisor::new();
    let check = |descriptor: Option<OwnedFd>, why: &str| {
        assert_eq!(
            end(&supervisor, descriptor),
            (Some(2), format!("ipclab-peer: {why}\n"))
        );
    };
    check(
        None,
        "descriptor 3 is no line to a supervisor: bad file descriptor; the tool starts its peers itself",
    );
    let file = File::open("/dev/null").unwrap();
    check(
        Some(file.into()),
        "descriptor 3 is no line to a supervisor: socket operation on non-socket; the tool starts its peers itself",
    );
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    check(
        Some(tcp.into()),
        "descriptor 3 is no line to a supervisor: invalid argument; the tool starts its peers itself",
    );
}

#[test]
fn a_supervisor_that_goes_away() {
    let supervisor = PeerSupervisor::new();
    let (ours, theirs) = line();
    tell(&ours, "step close");
    drop(ours);
    let (code, stderr) = end(&supervisor, Some(theirs));
    assert_eq!(code, Some(2));
    assert_eq!(stderr, "ipclab-peer: the supervisor is gone\n");

    let (ours, theirs) = line();
    tell(&ours, "step close");
    tell(&ours, "begin");
    drop(ours);
    let (code, stderr) = end(&supervisor, Some(theirs));
    assert_eq!(code, Some(2));
    assert_eq!(stderr, "ipclab-peer: telling the supervisor: broken pipe\n");
}

/// Plays these records; the peer gives up.
fn gives_up(records: &[&str]) -> PeerOutput {
    let played = PeerSupervisor::new().supervise(records, |_| "perhaps");
    assert_eq!(played.code, Some(2), "{played:?}");
    played
}

#[test]
fn records_that_nobody_knows() {
    let played = gives_up(&["hello"]);
    assert_eq!(
        played.stderr,
        "ipclab-peer: the supervisor said \"hello\", which a peer does not know\n"
    );
    let played = gives_up(&["step until server waits", "begin"]);
    assert_eq!(
        played.stderr,
        "ipclab-peer: the supervisor said \"perhaps\", which a peer does not know\n"
    );
}

#[test]
fn a_step_that_cannot_be_read() {
    let played = gives_up(&["step close", "step recieve 'a'", "begin"]);
    let [complaint] = played.complaints.as_slice() else {
        panic!("{played:?}");
    };
    assert!(
        complaint.starts_with("recieve 'a': a peer cannot `recieve`"),
        "{complaint}"
    );
    assert_eq!(played.stderr, format!("ipclab-peer: {complaint}\n"));
    assert_eq!(played.said, [""; 0]);
}

#[test]
fn an_empty_script() {
    PeerSupervisor::new().play_alone(&[""; 0]).is_content();
}

#[test]
fn questions_and_their_answers() {
    let steps = [
        "until server listens",
        "until server waits",
        "until client.2 exits",
        "signal server SIGTERM",
        "signal client.2 SIGINT",
    ];
    let questions = [
        "await ready server",
        "await waits server",
        "await exits client.2",
        "signal server SIGTERM",
        "signal client.2 SIGINT",
    ];
    let supervisor = PeerSupervisor::new();
    let mut asked = Vec::new();
    let played = supervisor.play(&steps, |question| {
        asked.push(question.to_owned());
        "go"
    });
    played.is_content();
    assert_eq!(asked, questions);

    for (step, question) in steps.iter().zip(questions) {
        let played = supervisor.play(&[step, "close"], |asked| {
            assert_eq!(asked, question);
            "never"
        });
        let actor = if step.contains("client.2") {
            "client.2"
        } else {
            "server"
        };
        let why = match step.starts_with("signal") {
            true => format!("{actor} had ended already, or never began"),
            false => format!("this can no longer happen: {actor} has ended, or never began"),
        };
        // And it stops: there is no complaint about the `close` that follows.
        played.complains(&[&format!("{step}: {why}")]);
        assert_eq!(played.steps(), 1);
    }
}

#[test]
fn a_long_step_is_played_whole_and_complained_of_in_short() {
    let step = format!("send '{}'", "x".repeat(50_000));
    let played = PeerSupervisor::new().play_alone(&[&step]);
    let head: String = step.chars().take(200).collect();
    played.complains(&[&format!("{head}...: no socket is open")]);
    assert_eq!(played.said[0], format!("doing {step}"));
}
