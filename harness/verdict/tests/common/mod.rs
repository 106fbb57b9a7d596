//! Runs of one program, `server`, and what is found in them.

use std::collections::BTreeMap;

use ipclab_evidence::{Evidence, SourceLine};
use ipclab_judge::{Finding, Mistake, MistakeKind, Verdict};
use ipclab_spec::{Aspect, Case, parse};
use ipclab_verdict::origin::Sources;
use serde_json::{Value, json};

/// A case in which the program is given `args`, each behind a blank, and ends like this.
pub(crate) fn case(args: &str, exit: &str) -> Case {
    let text = format!(
        "format = 1\nlab = \"one\"\ntitle = \"One program\"\nunit = [\"Q1\"]\n\
         [program.server]\nsource = \"server.c\"\nreference = \"iserver\"\n\
         [[case]]\nid = \"one\"\ntitle = \"alone\"\ntier = \"core\"\npoints = 1\ncovers = [\"Q1\"]\n\
         [case.actor.server]\nstudent = \"server{args}\"\nexit = {exit}\n"
    );
    let parsed = parse("one.toml", &text).unwrap_or_else(|said| panic!("{}", said.render(false)));
    parsed.spec.cases.into_iter().next().expect("one case")
}

fn stream(text: &str) -> Value {
    json!({"head": text, "tail": "", "dropped": 0})
}

pub(crate) fn at(line: u32) -> Value {
    json!([{"file": "server.c", "line": line}])
}

/// A call of the server's first process on a line.
pub(crate) fn call(n: u32, name: &str, args: &Value, value: i64, line: u32) -> Value {
    json!({
        "n": n, "at_us": 0, "actor": 0, "pid": 2, "name": name, "args": args,
        "returned": {"value": value}, "lines": at(line),
    })
}

/// What one run of the server is known of.
pub(crate) struct Run {
    pub(crate) exit: Value,
    pub(crate) stdout: &'static str,
    pub(crate) stderr: &'static str,
    /// Stream and line of what it printed.
    pub(crate) printed: Vec<(u8, u32)>,
    pub(crate) trace: Vec<Value>,
    /// Where it called `exit()`, and the lines that called the functions around.
    pub(crate) ended_at: Vec<u32>,
}

impl Run {
    pub(crate) fn ended(status: i32) -> Self {
        Self {
            exit: json!({"code": status}),
            stdout: "",
            stderr: "",
            printed: Vec::new(),
            trace: Vec::new(),
            ended_at: Vec::new(),
        }
    }

    pub(crate) fn evidence(&self) -> Evidence {
        let printed = self.printed.iter().map(
            |(stream, line)| json!({"stream": stream, "from": 0, "bytes": 9, "lines": at(*line)}),
        );
        let evidence = json!({
            "name": "one",
            "isolation": {"level": "namespaces", "counted_by": "rlimits", "notes": []},
            "ended": "all-exited",
            "actors": [{
                "name": "server", "pid": 2, "exit": self.exit, "started_us": 0, "ready": true,
                "stdout": stream(self.stdout), "stderr": stream(self.stderr), "open_at_exit": [],
                "limits": [], "processes": 1, "cpu_ms": 1, "rss_max_kib": 1, "calls": 1,
                "printed": printed.collect::<Vec<_>>(),
                "ended_at": self.ended_at.iter().map(|at| line(*at)).collect::<Vec<_>>(),
            }],
            "sockets": [], "trace": self.trace, "calls_dropped": 0, "looks": [],
            "leftovers": {
                "segments": [], "semaphores": [], "queues": [], "files": [], "posix_shm": [],
                "posix_queues": [], "missing": [], "processes": [], "ports": [],
            },
            "trouble": [],
            "spent": {"ahead_us": 0, "world_us": 0, "actors_us": 0, "sweep_us": 0},
        });
        serde_json::from_value(evidence).expect("it is evidence")
    }
}

pub(crate) fn line(line: u32) -> SourceLine {
    SourceLine {
        file: "server.c".to_owned(),
        line,
    }
}

pub(crate) fn finding(aspect: Aspect, message: &str, lines: &[u32]) -> Finding {
    Finding {
        aspect,
        verdict: Verdict::Fail,
        graded: true,
        actor: Some("server".to_owned()),
        message: message.to_owned(),
        expected: None,
        seen: None,
        difference: None,
        cites: Vec::new(),
        lines: lines.iter().copied().map(line).collect(),
        mistake: Some(Mistake {
            kind: MistakeKind::Behaviour,
            program: Some("server".to_owned()),
            detail: String::new(),
            says: None,
        }),
    }
}

/// Checks that the finding shows or comes from this line.
pub(crate) fn check(text: &str, case: &Case, run: &Run, finding: &Finding, expect: u32) {
    let files = BTreeMap::from([("server.c".to_owned(), text.to_owned())]);
    let traced = Sources::new(&files).trace(case, Some(&run.evidence()), finding);
    let named = traced.lines.first().into_iter().chain(&traced.from);
    let numbers: Vec<u32> = named.map(|line| line.line).collect();
    assert!(
        numbers.contains(&expect),
        "{}: {numbers:?}",
        finding.message
    );
    assert!(traced.from.len() <= 2, "{:?}", traced.from);
}
