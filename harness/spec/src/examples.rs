//! An example for each key of a spec, which the table of keys prints and a test reads.

/// Keys of one table by the schema's name for it, each with an example.
pub(crate) type Examples = (&'static str, &'static [(&'static str, &'static str)]);

/// The examples, a table of the schema after the other.
pub(crate) const EXAMPLES: [Examples; 30] = [
    (
        "",
        &[
            ("format", "format = 2"),
            ("lab", "lab = \"children\""),
            ("title", "title = \"A parent and its children\""),
            ("unit", "unit = [\"Q1\", \"Q2\"]"),
            ("limit", "limit = \"10s\""),
            ("hosts", "hosts.bakawali = \"127.0.0.1\""),
            (
                "hints",
                "hints.unchecked = \"Look at what each call returns.\"",
            ),
            ("program", "[program.server]"),
            ("case", "[[case]]"),
        ],
    ),
    (
        "Program",
        &[
            ("source", "source = [\"server.c\", \"*server*.c\"]"),
            ("reference", "reference = { source = [\"ref/server.c\"] }"),
            ("build", "build = \"cc -O2 server.c -o server\""),
            ("flags", "flags = [\"-pthread\", \"-lm\"]"),
        ],
    ),
    (
        "Reference",
        &[("source", "source = [\"ref/server.c\", \"ref/lines.c\"]")],
    ),
    (
        "Case",
        &[
            ("id", "id = \"serves-two\""),
            ("like", "like = \"serves-one\""),
            ("title", "title = \"your server serves two clients\""),
            ("tier", "tier = \"core\""),
            ("points", "points = { output = 2, exit = 1 }"),
            ("covers", "covers = [\"Q1.fork\"]"),
            (
                "hint",
                "hint = [\"Who closes what?\", \"close() both ends\"]",
            ),
            (
                "hints",
                "hints.waits = \"Which process holds the other end?\"",
            ),
            ("limit", "limit = \"20s\""),
            ("requires", "requires = [\"serves-one\"]"),
            ("visibility", "visibility = \"after-deadline\""),
            ("sanitize", "sanitize = true"),
            ("open_files", "open_files = 32"),
            ("output_lines", "output_lines = 5000"),
            ("limits", "limits = { processes = 200 }"),
            ("interleave", "interleave = { preemptions = 2 }"),
            ("order", "order = \"any\""),
            ("actor", "[case.actor.server]"),
            ("wire", "wire.\"client -> server\" = [\"hal\"]"),
            ("leaves", "leaves.may = [\"/tmp/out\"]"),
            ("shm", "shm.100 = { size = 1024 }"),
            ("sem", "sem.300 = { values = [4, 0, 1] }"),
            ("msg", "msg.200 = { messages = 1 }"),
            ("posix_sem", "posix_sem.\"/places\" = { value = 4 }"),
            ("posix_mq", "posix_mq.\"/jobs\" = { messages = 1 }"),
            ("calls", "calls.server = [\"no fork()\"]"),
            ("processes", "processes = { children = 3, zombies = 0 }"),
            (
                "descriptors",
                "descriptors = { of = \"pipes\", at_exec = 0 }",
            ),
            (
                "mappings",
                "mappings = { of = \"/tmp/data\", shared = 1, at_end = 0 }",
            ),
            ("signals", "signals = { catches = \"SIGINT\" }"),
            ("files", "files.\"/tmp/out\" = { holds = \"hal\\n\" }"),
            ("given", "given.files.\"/tmp/in\" = \"hal\\n\""),
            ("fault", "fault = [\"server accept #1: EINTR\"]"),
            ("fail_each", "fail_each = [\"socket\", \"bind\"]"),
            ("vary", "vary.n = { int = \"1..4\" }"),
            ("runs", "runs = 5"),
            ("oracle", "oracle = \"reference\""),
        ],
    ),
    (
        "Actor",
        &[
            ("student", "student = \"server {{n}}\""),
            ("reference", "reference = \"server 2\""),
            ("peer", "peer = [\"connect tcp:12345\", \"send 'hal'\"]"),
            ("copies", "copies = \"{{n}}\""),
            ("stdin", "stdin = \"one line\\n\""),
            ("listens", "listens = \"tcp:12345\""),
            ("after", "after = \"client exits\""),
            ("exit", "exit = \"failure\""),
            ("stdout_is", "stdout_is = \"pipe\""),
            ("stdout", "stdout = \"counter: {{n}}\\n\""),
            ("stderr", "stderr.contains = [\"usage\"]"),
        ],
    ),
    (
        "Output",
        &[
            ("lines", "lines = [\"begins\", \"ends\"]"),
            ("any_order", "any_order = [\"child 0\", \"child 1\"]"),
            ("contains", "contains = [\"No such file or directory\"]"),
            ("any_of", "any_of = [\"usage\", \"Usage\"]"),
            ("lacks", "lacks = [\"error\"]"),
            ("regex", "regex = ['(?m)^child \\d+ ended$']"),
        ],
    ),
    (
        "Wire",
        &[
            ("bytes", "bytes = 49"),
            ("sent", "sent = [\"hal\"]"),
            ("received", "received = { at_least = 10 }"),
        ],
    ),
    (
        "Leaves",
        &[
            ("may", "may = [\"/tmp/out\", \"shm:100\"]"),
            ("must", "must = [\"sem:300\"]"),
        ],
    ),
    (
        "Shm",
        &[
            ("exists", "exists = false"),
            ("size", "size = 1024"),
            ("mode", "mode = \"0644\""),
            ("attached", "attached = 1"),
            ("holds", "holds = \"Hello\\u0000\""),
            ("after", "after = \"client exits\""),
        ],
    ),
    (
        "Sem",
        &[
            ("after", "after = \"client exits\""),
            ("exists", "exists = false"),
            ("values", "values = [4, 0, 1]"),
            ("mode", "mode = \"0666\""),
        ],
    ),
    (
        "Msg",
        &[
            ("after", "after = \"client exits\""),
            ("exists", "exists = false"),
            ("messages", "messages = 2"),
            ("holds", "holds = [\"first\", \"second\"]"),
            ("mode", "mode = \"0622\""),
        ],
    ),
    (
        "PosixSem",
        &[
            ("exists", "exists = false"),
            ("value", "value = 1"),
            ("mode", "mode = \"0600\""),
        ],
    ),
    (
        "PosixMq",
        &[
            ("exists", "exists = false"),
            ("messages", "messages = 2"),
            ("holds", "holds = [\"urgent\", \"first\"]"),
            ("maxmsg", "maxmsg = 8"),
            ("msgsize", "msgsize = 128"),
            ("mode", "mode = \"0600\""),
        ],
    ),
    (
        "File",
        &[
            ("exists", "exists = false"),
            ("kind", "kind = \"fifo\""),
            ("holds", "holds = \"hal\\n\""),
            ("same_as", "same_as = \"/tmp/in\""),
            ("size", "size = { at_least = 1 }"),
            ("mode", "mode = \"0600\""),
            ("links", "links = 2"),
            ("blocks", "blocks = { at_most = 8 }"),
            ("holes", "holes = true"),
            ("target", "target = \"/tmp/in\""),
            ("locked", "locked = \"writes\""),
            ("owner", "owner = \"own\""),
            ("walked", "walked = true"),
        ],
    ),
    (
        "Processes",
        &[
            ("actor", "actor = \"server\""),
            ("total", "total = 4"),
            ("children", "children = \"{{n}}\""),
            ("threads", "threads = { at_least = 2 }"),
            ("unjoined", "unjoined = 0"),
            ("zombies", "zombies = 0"),
            ("orphans", "orphans = 0"),
            ("ends", "ends = [0, 1, \"SIGKILL\"]"),
            ("runs", "runs = [\"ls -l /tmp\", \"wc -l\"]"),
            ("environment", "environment = [\"LANG=C\", \"no HOME\"]"),
        ],
    ),
    (
        "Descriptors",
        &[
            ("actor", "actor = \"server\""),
            ("of", "of = \"write ends\""),
            ("at_exec", "at_exec = 0"),
            ("at_wait", "at_wait = 0"),
            ("at_end", "at_end = 0"),
            ("passes", "passes = 1"),
            ("receives", "receives = 1"),
        ],
    ),
    (
        "Mappings",
        &[
            ("actor", "actor = \"server\""),
            ("of", "of = \"/tmp/data\""),
            ("shared", "shared = 1"),
            ("private", "private = 0"),
            ("writable", "writable = 0"),
            ("at_once", "at_once = { at_most = 4096 }"),
            ("at_wait", "at_wait = 0"),
            ("at_end", "at_end = 0"),
        ],
    ),
    (
        "Signals",
        &[
            ("actor", "actor = \"server\""),
            ("at", "at = \"exec\""),
            ("catches", "catches = [\"SIGINT\", \"SIGCHLD\"]"),
            ("ignores", "ignores = \"SIGPIPE\""),
            ("blocks", "blocks = \"SIGUSR1\""),
            ("defaults", "defaults = [\"SIGINT\"]"),
            ("receives", "receives = \"SIGCHLD\""),
            ("handlers", "handlers = \"safe\""),
        ],
    ),
    (
        "Range",
        &[
            ("at_least", "at_least = 1"),
            ("at_most", "at_most = \"{{n}}\""),
        ],
    ),
    (
        "Given",
        &[
            (
                "files",
                "files.\"/tmp/in\" = { text = \"\", mode = \"0400\" }",
            ),
            ("shm", "shm.100 = { size = 1024, holds = \"Hello\" }"),
            ("sem", "sem.300 = { values = [4, 0, 1] }"),
            ("msg", "msg.200 = { messages = [{ text = \"first\" }] }"),
            ("posix_sem", "posix_sem.\"/places\" = { value = 4 }"),
            (
                "posix_mq",
                "posix_mq.\"/jobs\" = { messages = [{ text = \"first\" }] }",
            ),
            ("descriptors", "descriptors = 10"),
            ("hosts", "hosts.\"printer lp\" = \"127.0.0.2\""),
        ],
    ),
    (
        "GivenFile",
        &[
            ("text", "text = \"{{n}}\\n\""),
            ("size", "size = 4000000"),
            ("target", "target = \"in\""),
            ("link", "link = \"/tmp/in\""),
            ("mode", "mode = \"0400\""),
        ],
    ),
    (
        "GivenShm",
        &[
            ("size", "size = 1024"),
            ("mode", "mode = \"0666\""),
            ("holds", "holds = \"Hello\""),
            ("owner", "owner = \"other\""),
        ],
    ),
    (
        "GivenSem",
        &[("values", "values = [1]"), ("mode", "mode = \"0666\"")],
    ),
    (
        "GivenMsg",
        &[
            ("messages", "messages = [{ mtype = 2, text = \"urgent\" }]"),
            ("mode", "mode = \"0622\""),
        ],
    ),
    (
        "Message",
        &[("mtype", "mtype = 2"), ("text", "text = \"urgent\"")],
    ),
    (
        "GivenPosixMq",
        &[
            (
                "messages",
                "messages = [{ priority = 2, text = \"urgent\" }]",
            ),
            ("maxmsg", "maxmsg = 4"),
            ("msgsize", "msgsize = 64"),
            ("mode", "mode = \"0666\""),
        ],
    ),
    (
        "UrgentMessage",
        &[("priority", "priority = 2"), ("text", "text = \"urgent\"")],
    ),
    (
        "Vary",
        &[
            ("length", "length = \"0..99\""),
            ("of", "of = \"letters\""),
            ("int", "int = \"1..4\""),
            ("one_of", "one_of = [\"3\", \"4\"]"),
        ],
    ),
    (
        "Limits",
        &[
            ("processes", "processes = 200"),
            ("memory", "memory = 2048"),
            ("calls", "calls = 1000000"),
            ("cpu_ms", "cpu_ms = 10000"),
            ("clock_ms", "clock_ms = 60000"),
            ("files", "files = 100"),
        ],
    ),
    (
        "Interleave",
        &[
            ("preemptions", "preemptions = 2"),
            ("pct", "pct = 3"),
            ("runs", "runs = 800"),
        ],
    ),
];

/// The example of a key; empty: there is none, which a test does not let be.
pub(crate) fn example(table: &str, key: &str) -> &'static str {
    let tables = EXAMPLES.iter().filter(|(name, _)| *name == table);
    let mut keys = tables.flat_map(|(_, keys)| keys.iter());
    keys.find(|(name, _)| *name == key)
        .map_or("", |(_, example)| example)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A spec that has all that examples speak of: two programs' worth of actors, a variable, files, questions.
    const TOP: &str = "format = 2\nlab = \"children\"\ntitle = \"t\"\nunit = [\"Q1\", \"Q2\"]\n";
    const PROGRAM: &str = "[program.server]\nsource = [\"server.c\"]\nreference = \"iserver\"\n";
    const CASE: &str = "[[case]]\nid = \"one\"\ntitle = \"t\"\ntier = \"core\"\npoints = 1\ncovers = [\"Q1\"]\norder = \"any\"\n\
                        vary.n = { one_of = [\"1\", \"2\"] }\nruns = 2\n";
    const SERVER: &str = "[case.actor.server]\nstudent = \"server {{n}}\"\nlistens = \"tcp:12345\"\nexit = 0\nstdout.lacks = [\"x\"]\n";
    const CLIENT: &str = "[case.actor.client]\nreference = \"server {{n}}\"\nexit = \"any\"\n";
    const FIRST: &str = "[[case]]\nid = \"serves-one\"\ntitle = \"t\"\ntier = \"core\"\npoints = 1\ncovers = [\"Q1\"]\n\
                         [case.actor.server]\nstudent = \"server 1\"\nexit = 0\n";

    /// A part of the spec in which an example stands for what has the same key.
    fn with(part: &str, key: &str, example: &str) -> String {
        let others = part.lines().filter(|line| {
            let of_key = line.strip_prefix(key).unwrap_or("x");
            !of_key.starts_with([' ', '.', '='])
        });
        let others: Vec<&str> = others.collect();
        format!("{}\n{example}\n", others.join("\n"))
    }

    /// The spec around an example.
    fn spec(table: &str, key: &str, example: &str) -> String {
        let in_case = |more: &str| format!("{TOP}{PROGRAM}{FIRST}{CASE}{SERVER}{CLIENT}{more}\n");
        // What stands alone beside it, so that something is expected.
        let beside = match (table, key) {
            ("Shm", "after") => "size = 6",
            ("Sem", "after") => "values = [1]",
            ("Msg", "after") => "messages = 1",
            ("Shm", "attached") => "after = \"client waits\"",
            ("Descriptors" | "Mappings", "actor" | "of") => "at_end = 0",
            ("Processes", "actor") => "total = 1",
            ("Signals", "actor" | "at") => "blocks = \"SIGUSR2\"",
            ("Signals", "defaults") => "at = \"end\"",
            ("Given", _) => "",
            ("GivenShm", "mode" | "holds" | "owner") => "size = 64",
            ("GivenSem", "mode") => "values = [1]",
            ("Message", "mtype") | ("UrgentMessage", "priority") => "text = \"t\"",
            ("GivenFile", "mode") => "text = \"t\"",
            ("Vary", "of") => "length = \"1..9\"",
            ("Interleave", "runs") => "pct = 3",
            _ => "",
        };
        let all = match beside {
            "" => example.to_owned(),
            beside => format!("{beside}, {example}"),
        };
        let lines = format!("{beside}\n{example}");
        match table {
            "" => format!(
                "{}{PROGRAM}{FIRST}{CASE}{SERVER}{CLIENT}",
                with(TOP, key, example)
            ),
            "Program" => format!(
                "{TOP}{}{FIRST}{CASE}{SERVER}{CLIENT}",
                with(PROGRAM, key, example)
            ),
            "Reference" => {
                let program = with(
                    PROGRAM,
                    "reference",
                    &format!("reference = {{ {example} }}"),
                );
                format!("{TOP}{program}{FIRST}{CASE}{SERVER}{CLIENT}")
            }
            "Case" => format!(
                "{TOP}{PROGRAM}{FIRST}{}{SERVER}{CLIENT}",
                with(CASE, key, example)
            ),
            "Actor" => {
                let part = match key {
                    "reference" | "peer" => with(&with(SERVER, "student", ""), "listens", ""),
                    _ => SERVER.to_owned(),
                };
                let part = match key {
                    "peer" => with(&with(&part, "exit", ""), "stdout", ""),
                    _ => part,
                };
                let own = "[case.actor.own]\nstudent = \"server 3\"\n";
                // Who is waited for comes first.
                format!(
                    "{TOP}{PROGRAM}{FIRST}{CASE}{own}{CLIENT}{}",
                    with(&part, key, example)
                )
            }
            "Output" => format!(
                "{TOP}{PROGRAM}{FIRST}{CASE}{}{CLIENT}",
                with(SERVER, "stdout", &format!("stdout = {{ {example} }}"))
            ),
            "Wire" => in_case(&format!(
                "[case.wire]\n\"client -> server\" = {{ {example} }}"
            )),
            "Leaves" => in_case(&format!("[case.leaves]\n{example}")),
            "Shm" => in_case(&format!("[case.shm.100]\n{lines}")),
            "Sem" => in_case(&format!("[case.sem.300]\n{lines}")),
            "Msg" => in_case(&format!("[case.msg.200]\n{lines}")),
            "PosixSem" => in_case(&format!("[case.posix_sem.\"/places\"]\n{lines}")),
            "PosixMq" => in_case(&format!("[case.posix_mq.\"/jobs\"]\n{lines}")),
            "File" => in_case(&format!("[case.files.\"/tmp/out\"]\n{lines}")),
            "Processes" => in_case(&format!("[case.processes]\n{lines}")),
            "Descriptors" => in_case(&format!("[case.descriptors]\n{lines}")),
            "Mappings" => in_case(&format!("[case.mappings]\n{lines}")),
            "Signals" => in_case(&format!("[case.signals]\n{lines}")),
            "Range" => in_case(&format!("[case.processes]\nchildren = {{ {example} }}")),
            "Given" => in_case(&format!("[case.given]\n{example}")),
            "GivenFile" => in_case(&format!(
                "[case.given.files]\n\"/tmp/in\" = \"t\"\n\"/tmp/other\" = {{ {all} }}"
            )),
            "GivenShm" => in_case(&format!("[case.given]\nshm.100 = {{ {all} }}")),
            "GivenSem" => in_case(&format!("[case.given]\nsem.300 = {{ {all} }}")),
            "GivenMsg" => in_case(&format!("[case.given]\nmsg.200 = {{ {all} }}")),
            "GivenPosixSem" => in_case(&format!(
                "[case.given]\nposix_sem.\"/places\" = {{ {all} }}"
            )),
            "GivenPosixMq" => in_case(&format!("[case.given]\nposix_mq.\"/jobs\" = {{ {all} }}")),
            "UrgentMessage" => in_case(&format!(
                "[case.given]\nposix_mq.\"/jobs\" = {{ messages = [{{ {all} }}] }}"
            )),
            "Message" => in_case(&format!(
                "[case.given]\nmsg.200 = {{ messages = [{{ {all} }}] }}"
            )),
            "Vary" => format!(
                "{TOP}{PROGRAM}{FIRST}{}{SERVER}{CLIENT}",
                with(CASE, "vary", &format!("vary.n = {{ {all} }}"))
            ),
            "Limits" => {
                format!("{TOP}{PROGRAM}{FIRST}{CASE}limits = {{ {example} }}\n{SERVER}{CLIENT}")
            }
            "Interleave" => {
                format!("{TOP}{PROGRAM}{FIRST}{CASE}interleave = {{ {all} }}\n{SERVER}{CLIENT}")
            }
            other => panic!("{other}"),
        }
    }

    #[test]
    fn every_key_has_an_example_that_is_read() {
        let schema: serde_json::Value = serde_json::from_str(&crate::schema::schema()).unwrap();
        let mut wrong = String::new();
        for (name, _) in EXAMPLES {
            let table = match name {
                "" => &schema,
                name => &schema["$defs"][name],
            };
            for key in table["properties"].as_object().unwrap().keys() {
                let example = example(name, key);
                let is_header = example.starts_with('[');
                let begins = example.strip_prefix(key.as_str()).unwrap_or("-");
                assert!(
                    is_header || begins.starts_with([' ', '.']),
                    "{name}.{key}: {example}"
                );
                let text = match is_header {
                    true => spec("Sem", "mode", "mode = \"0600\""),
                    false => spec(name, key, example),
                };
                assert!(text.contains(example), "{text}");
                if let Err(said) = crate::parse("children.toml", &text) {
                    wrong.push_str(&format!("{name}.{key}\n{text}\n{}\n", said.render(false)));
                }
            }
        }
        assert_eq!(wrong, "");
    }

    /// An example that has gone stale is found: what it says is read, not its looks.
    #[test]
    fn an_example_that_is_none_is_refused() {
        for (table, key, example) in [
            ("Actor", "exit", "exit = \"success\""),
            ("Case", "tier", "tier = \"easy\""),
            ("File", "kind", "kind = \"pipe\""),
        ] {
            let text = spec(table, key, example);
            assert!(crate::parse("children.toml", &text).is_err(), "{text}");
        }
    }
}
