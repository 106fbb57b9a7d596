//! A lab's cases in words: what is done, what is wanted, and how to try it by hand.

mod objects;
mod words;

use std::fmt::Write;
use std::net::IpAddr;

use ipclab_spec::{
    Case, ExitExpectation, OutputExpectation, Player, Points, Spec, StdoutKind, Template, Tier,
    TranscriptLine, Visibility,
};

use words::{known_then, shown};

/// The cases of a lab, each with its points. `typed`: what names the lab on a command line.
#[must_use]
pub fn overview(spec: &Spec, typed: &str) -> String {
    let mut out = format!("{}: {}\n", spec.lab, spec.title);
    for tier in Tier::ALL {
        let cases: Vec<&Case> = spec.cases.iter().filter(|case| case.tier == tier).collect();
        if cases.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n{}", tier.name());
        let width = cases.iter().map(|case| case.id.len()).max().unwrap_or(0);
        for case in cases {
            let _ = writeln!(
                out,
                "  {:<width$}  {:>2}  {}",
                case.id,
                case.points.max(),
                case.title
            );
        }
    }
    let _ = writeln!(
        out,
        "\nipclab explain {} CASE tells what one of them does and wants.",
        typed
    );
    out
}

/// A case. `file`: the spec's name; `hosts`: the names that are known in its box, with their addresses.
#[must_use]
pub fn case(file: &str, case: &Case, hosts: Vec<(String, IpAddr)>) -> String {
    let mut out = format!("{}: {}\n", case.id, case.title);
    let points = match &case.points {
        Points::Whole(points) => format!("{points}, all or nothing"),
        Points::Split(parts) => {
            let parts: Vec<String> = parts
                .iter()
                .map(|(aspect, points)| format!("{points} {}", aspect.name()))
                .collect();
            parts.join(", ")
        }
    };
    let seen = match case.visibility {
        Visibility::Visible => "",
        Visibility::Hidden => ", shown to staff only",
        Visibility::AfterDeadline => ", shown after the deadline",
    };
    let questions = case.questions().join(", ");
    let of_unit = match questions.is_empty() {
        true => String::new(),
        false => format!(", of the unit: {questions}"),
    };
    let tier = case.tier.name();
    let _ = writeln!(out, "tier {tier}, points: {points}{of_unit}{seen}\n");
    for actor in &case.actors {
        let who = match &actor.player {
            Player::Student { program, args } => format!("your {}", command(program, args)),
            Player::Reference { program, args } => format!("our {}", command(program, args)),
            Player::Peer { steps } => {
                let steps: Vec<&str> = steps.iter().map(|step| step.text.as_str()).collect();
                format!("a scripted peer: {}", steps.join("; "))
            }
        };
        let end = match &actor.exit {
            None | Some(ExitExpectation::Any) => String::new(),
            Some(ExitExpectation::Code(code)) => format!(", and must exit with {code}"),
            Some(ExitExpectation::Failure) => {
                ", and must exit with another status than 0".to_owned()
            }
            Some(ExitExpectation::Running) => {
                ", and must still run when the others are done".to_owned()
            }
            Some(ExitExpectation::Ended) => ", and must end by itself".to_owned(),
            Some(ExitExpectation::Signal(signal)) => format!(", and must die of {signal}"),
        };
        let _ = writeln!(out, "  {} is {who}{end}", actor.name);
    }
    let printed = printed_lines(case);
    if !printed.is_empty() {
        out.push('\n');
    }
    for line in printed {
        let _ = writeln!(out, "  {line}");
    }
    let objects = objects::in_words(case);
    if !objects.is_empty() {
        out.push('\n');
    }
    for sentence in objects {
        let _ = writeln!(out, "  {sentence}");
    }
    if let Some(hint) = &case.hint {
        let _ = writeln!(out, "\nhint: {hint}");
        for next in &case.next_hints {
            let _ = writeln!(out, "then: {next}");
        }
    }
    for (name, steps) in &case.hints {
        for (nth, step) in steps.iter().enumerate() {
            let label = if nth == 0 { "hint" } else { "then" };
            let _ = writeln!(out, "{label} for {name}: {step}");
        }
    }
    out.push_str(&by_hand(case, hosts));
    let _ = writeln!(
        out,
        "\nIn {} from line {}:\n\n{}",
        file, case.line, case.text
    );
    out
}

/// What must be printed, a sentence for each expectation and the texts below it.
fn printed_lines(case: &Case) -> Vec<String> {
    let mut all = Vec::new();
    for actor in &case.actors {
        for (stream, wanted) in [("stdout", &actor.stdout), ("stderr", &actor.stderr)] {
            for expectation in wanted {
                let who = &actor.name;
                let (says, texts) = match expectation {
                    OutputExpectation::Transcript(lines) => {
                        let line = |line: &TranscriptLine| match line {
                            TranscriptLine::Elided => "...".to_owned(),
                            TranscriptLine::Line(line) => shown(line),
                        };
                        ("this and nothing else", lines.iter().map(line).collect())
                    }
                    OutputExpectation::Lines(lines) => ("these lines, in this order", texts(lines)),
                    OutputExpectation::AnyOrder(lines) => {
                        ("these lines, in any order", texts(lines))
                    }
                    OutputExpectation::Contains(parts) => ("each of these somewhere", texts(parts)),
                    OutputExpectation::AnyOf(parts) => ("one of these somewhere", texts(parts)),
                    OutputExpectation::Lacks(parts) => ("none of these", texts(parts)),
                    OutputExpectation::Regex(patterns) => {
                        ("what these expressions find", texts(patterns))
                    }
                };
                all.push(format!("{who} must print {says} on {stream}:"));
                all.extend(texts.into_iter().map(|text: String| {
                    let text = text.replace('\n', "\n      ");
                    format!("    {text}")
                }));
            }
        }
    }
    all
}

fn texts(templates: &[Template]) -> Vec<String> {
    templates.iter().map(shown).collect()
}

/// How to try a case without this tool's eyes: what to type, in the order in which the actors start.
fn by_hand(case: &Case, hosts: Vec<(String, IpAddr)>) -> String {
    let mut out = String::from("\nby hand, each line in a terminal of its own, from the top:\n");
    let hosts = needed(hosts, case);
    if !hosts.is_empty() {
        out.push_str(
            "  # names that are known in the box only; on your own machine, add to /etc/hosts:\n",
        );
    }
    for (names, address) in &hosts {
        let _ = writeln!(out, "  #   {address} {names}");
    }
    for actor in &case.actors {
        let stdin = actor.stdin.as_ref().map_or(String::new(), |text| {
            format!("printf '{}' | ", printed(text))
        });
        let stdout = match actor.stdout_is {
            StdoutKind::Terminal => "",
            StdoutKind::Pipe => " | cat",
            StdoutKind::File => " > out.txt",
        };
        let line = match &actor.player {
            Player::Student { program, args } => {
                format!("{stdin}./{}{stdout}", command(program, args))
            }
            Player::Reference { program, args } => {
                format!("{stdin}ipclab reference {}{stdout}", command(program, args))
            }
            // A person cannot type what a script does at the right moment.
            Player::Peer { .. } => format!("# {}: played by a script, as above", actor.name),
        };
        let _ = writeln!(out, "  {line}");
    }
    if !case.faults.is_empty() || !case.fail_each.is_empty() {
        let faults = case.faults.iter().map(ToString::to_string);
        let each = case.fail_each.iter().map(|call| format!("{call}()"));
        let what: Vec<String> = faults.chain(each).collect();
        let _ = writeln!(
            out,
            "  # what is done to calls here cannot be done by hand: {}",
            what.join(", ")
        );
    }
    if case.interleave.iter().any(|turns| turns.search().is_some()) {
        out.push_str(
            "  # here many schedules are tried, which nobody can by hand; --keep writes one that fails, and --schedule follows it\n",
        );
    } else if !case.interleave.is_empty() {
        out.push_str("  # here it is decided at each access to shared memory which process goes on, which nobody can by hand\n");
    }
    out
}

/// The lines of the hosts file that are needed to try a case elsewhere: those that it is given, and the lab's own where a
/// command names them.
fn needed(mut hosts: Vec<(String, IpAddr)>, case: &Case) -> Vec<(String, IpAddr)> {
    let commands: Vec<String> = case
        .actors
        .iter()
        .filter_map(|actor| match &actor.player {
            Player::Student { program, args } | Player::Reference { program, args } => {
                Some(command(program, args))
            }
            Player::Peer { .. } => None,
        })
        .collect();
    let named = |names: &str| {
        let mut words = commands.iter().flat_map(|command| command.split(' '));
        words.any(|word| names.split(' ').any(|name| name == word))
    };
    hosts.retain(|host| case.given.hosts.contains(host) || named(&host.0));
    hosts
}

/// Text as `printf` takes it within single quotes.
fn printed(text: &Template) -> String {
    use ipclab_spec::{Hole, Part};
    let part = |part: &Part| match part {
        Part::Text(text) => text
            .chars()
            .map(|c| match c {
                '\n' => "\\n".to_owned(),
                '\t' => "\\t".to_owned(),
                '\'' => "'\\''".to_owned(),
                '\\' => "\\\\".to_owned(),
                '%' => "%%".to_owned(),
                c if c.is_ascii_control() => format!("\\{:03o}", u32::from(c)),
                c => c.to_string(),
            })
            .collect(),
        Part::Hole(Hole::Variable(name)) => format!("{{{{{name}}}}}"),
        Part::Hole(hole) => known_then(hole),
    };
    text.parts.iter().map(part).collect()
}

fn command(program: &str, args: &[Template]) -> String {
    let mut words = vec![program.to_owned()];
    for arg in args {
        let text = shown(arg);
        words.push(if text.is_empty() || text.contains(' ') {
            format!("'{text}'")
        } else {
            text
        });
    }
    words.join(" ")
}
