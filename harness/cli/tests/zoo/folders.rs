//! Submissions that are hostile before anything of theirs runs: sources, Makefiles, links, names, archives.
//!
//! All of `folders.toml` is graded as one class, with well-behaved submissions among it, whose marks must be what they are
//! without it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::{ATTACKS, Outcomes, SECRET, Verdict};
use crate::common::archives::{self, Entry};
use crate::common::host::{Host, alone, levels};
use crate::common::{GOOD, SPEC, Workdir, top};

const FOLDERS: &str = include_str!("folders.toml");

/// Says the wrong thing, and exits as it should: some of the points.
const PARTLY: &str = "#include <stdio.h>\nint main(void) { puts(\"Bye\"); return 0; }\n";
/// Does not compile.
const BROKEN: &str = "int main(void) { return 0 }\n";
/// Never ends.
const HANGS: &str = "#include <unistd.h>\nint main(void) { for (;;) pause(); }\n";
/// Names of files that no submission may leave anywhere.
const TRACES: [&str; 2] = ["zoo-was-here", "zoo-litter"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Folders {
    pub(crate) folder: Vec<Folder>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Folder {
    pub(crate) id: String,
    /// For people.
    pub(crate) what: String,
    /// What becomes of it.
    pub(crate) verdict: Verdict,
    /// The only level at which it is tried.
    #[serde(default)]
    pub(crate) only: Option<String>,
    /// It takes as long as a build may take: tried with the class of fifty only.
    #[serde(default)]
    slow: bool,
    /// What the report must say.
    #[serde(default)]
    pub(crate) says: Vec<String>,
    /// The same at one level.
    #[serde(default)]
    pub(crate) says_at: BTreeMap<String, Vec<String>>,
    /// For people: why it is not tried at a level.
    #[serde(default)]
    pub(crate) note: BTreeMap<String, String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// Before, what is repeated, how often, after.
    #[serde(default)]
    repeated: BTreeMap<String, (String, String, usize, String)>,
    #[serde(default)]
    links: BTreeMap<String, String>,
    /// Folders with nothing in them.
    #[serde(default)]
    empty: Vec<String>,
    /// Which of the files can be executed.
    #[serde(default)]
    executable: Vec<String>,
    #[serde(default)]
    pipe: Option<String>,
    /// The submission itself is a link to this.
    #[serde(default)]
    is_link: Option<String>,
    #[serde(default)]
    zip: Vec<Packed>,
    #[serde(default)]
    tar: Vec<Packed>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Packed {
    name: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    link: Option<String>,
    #[serde(default)]
    zeros_mib: usize,
    #[serde(default)]
    kind: Option<String>,
}

pub(crate) fn all() -> Vec<Folder> {
    let folders: Folders = toml::from_str(FOLDERS).unwrap();
    folders.folder
}

/// The lab of a class.
enum Lab {
    /// A program that says Hello.
    Greeting,
    /// One of the unit's, with the program that hostile submissions have in the stead of what was asked for.
    OfTheUnit(&'static str, &'static str),
}

impl Lab {
    fn spec(&self) -> String {
        match self {
            Self::Greeting => SPEC.to_owned(),
            Self::OfTheUnit(lab, _) => {
                fs::read_to_string(top().join(format!("specs/{lab}.toml"))).unwrap()
            }
        }
    }

    /// The program that attacks are in.
    fn program(&self) -> &'static str {
        match self {
            Self::Greeting => "hello",
            Self::OfTheUnit(_, program) => program,
        }
    }
}

/// Where a class lies. Not in /tmp, which at the shared level is open to all users.
struct Place {
    folder: tempfile::TempDir,
    lab: Lab,
}

impl Place {
    fn new(lab: Lab) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("ipclab-zoo-")
            .tempdir_in("/var/tmp")
            .unwrap();
        fs::write(folder.path().join("secret"), SECRET).unwrap();
        let spec = format!("# {SECRET}\n{}", lab.spec());
        fs::write(folder.path().join("zoo.toml"), spec).unwrap();
        Self { folder, lab }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn fill(&self, text: &str) -> String {
        let at = |name: &str| self.path(name).display().to_string();
        let tool = env!("CARGO_BIN_EXE_ipclab");
        let deep = format!("{}/", "d".repeat(250)).repeat(13);
        text.replace("hello", self.lab.program())
            .replace("{secret}", &at("secret"))
            .replace("{spec}", &at("zoo.toml"))
            .replace("{other}", &at(&self.other()))
            .replace("{private}", &at(""))
            .replace("{tool}", tool)
            .replace("{good}", GOOD)
            .replace("{deep}", &deep)
            .replace("{4000}", &"n".repeat(4000))
    }

    /// What a submission that gets at another student's work gets at.
    fn other(&self) -> String {
        format!("class/ada/{}.c", self.lab.program())
    }

    /// Well-behaved submissions, each called by a number.
    fn well_behaved(&self, count: usize) {
        match self.lab {
            Lab::Greeting => self.greetings(count),
            Lab::OfTheUnit(lab, _) => self.accepted(lab, count),
        }
    }

    /// A lab's accepted submissions under other names. Every second one is its own: no two programs of these are equal.
    fn accepted(&self, lab: &str, count: usize) {
        let folder = top().join(format!("labs/{lab}/submissions/accepted"));
        let kinds = fs::read_dir(folder).unwrap().flatten();
        let mut kinds: Vec<_> = kinds.map(|entry| entry.path()).collect();
        kinds.sort();
        // Not every machine that tests has its compiler.
        kinds.retain(|kind| !kind.ends_with("rust"));
        let whole = kinds.iter().find(|kind| kind.ends_with("whole")).unwrap();
        self.copy(whole, "class/ada", &format!("/* {SECRET} */"));
        for n in 1..count {
            let mark = match n % 2 {
                0 => String::new(),
                _ => format!("static const char number_{n}[] __attribute__((used)) = \"{n}\";"),
            };
            let kind = &kinds[n % kinds.len()];
            self.copy(kind, &format!("class/well-{n:02}"), &mark);
        }
    }

    /// Copies a submission; what is C gets a last line.
    fn copy(&self, from: &Path, to: &str, last: &str) {
        for entry in fs::read_dir(from).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            let to = format!("{to}/{name}");
            if entry.path().is_dir() {
                self.copy(&entry.path(), &to, last);
            } else if name != "expected.toml" {
                let mut text = fs::read(entry.path()).unwrap();
                if name.to_lowercase().ends_with(".c") {
                    text.extend(format!("\n{last}\n").bytes());
                }
                self.write(&to, text);
            }
        }
    }

    /// Good and bad ones, which hand in one of six things.
    fn greetings(&self, count: usize) {
        // A submission that gets at this one has got at another student's work.
        self.write("class/ada/hello.c", format!("/* {SECRET} */\n{GOOD}"));
        for n in 1..count {
            let name = format!("class/well-{n:02}");
            match n % 6 {
                0 => self.write(&format!("{name}/src/Hello.C"), GOOD),
                1 => self.write(&format!("{name}/hello.c"), PARTLY),
                2 => self.write(
                    &format!("{name}.zip"),
                    archives::zip(&[archives::file("hello.c", GOOD)]),
                ),
                3 => {
                    self.write(&format!("{name}/hello.c"), GOOD);
                    self.write(
                        &format!("{name}/Makefile"),
                        "hello: hello.c\n\tcc -o hello hello.c\n",
                    );
                }
                4 => self.write(
                    &format!("{name}/hello.c"),
                    if n % 4 == 0 { BROKEN } else { HANGS },
                ),
                // Each its own, so that each is built.
                _ => self.write(&format!("{name}/greet.c"), format!("/* {n} */\n{GOOD}")),
            }
        }
    }

    fn lay_out(&self, folder: &Folder) {
        let name = format!("class/{}", folder.id);
        if let Some(to) = &folder.is_link {
            symlink(to, self.path(&name)).unwrap();
            return;
        }
        if !folder.zip.is_empty() {
            let entries: Vec<Entry> = folder.zip.iter().map(|one| self.packed(one)).collect();
            self.write(&format!("{name}.zip"), archives::zip(&entries));
            return;
        }
        if !folder.tar.is_empty() {
            let entries = folder.tar.iter().map(|one| {
                let kind = if one.kind.as_deref() == Some("device") {
                    b'3'
                } else {
                    b'0'
                };
                archives::tar_entry(
                    self.fill(&one.name).as_bytes(),
                    kind,
                    self.fill(&one.text).as_bytes(),
                    "",
                )
            });
            let tar = archives::tar(&entries.collect::<Vec<_>>());
            self.write(&format!("{name}.tar.gz"), archives::gz(&tar));
            return;
        }
        fs::create_dir_all(self.path(&name)).unwrap();
        for (file, text) in &folder.files {
            self.write(&format!("{name}/{}", self.fill(file)), self.fill(text));
        }
        for empty in &folder.empty {
            fs::create_dir_all(self.path(&name).join(empty)).unwrap();
        }
        for file in &folder.executable {
            let executable = fs::Permissions::from_mode(0o755);
            fs::set_permissions(self.path(&name).join(self.fill(file)), executable).unwrap();
        }
        for (file, (before, what, count, after)) in &folder.repeated {
            let text = format!("{before}{}{after}", what.repeat(*count));
            self.write(&format!("{name}/{}", self.fill(file)), text);
        }
        for (file, to) in &folder.links {
            symlink(self.fill(to), self.path(&name).join(self.fill(file))).unwrap();
        }
        if let Some(pipe) = &folder.pipe {
            let mode = nix::sys::stat::Mode::S_IRWXU;
            nix::unistd::mkfifo(&self.path(&name).join(self.fill(pipe)), mode).unwrap();
        }
    }

    fn packed(&self, one: &Packed) -> Entry {
        let name = self.fill(&one.name);
        match &one.link {
            Some(to) => archives::link(&name, to),
            None if one.zeros_mib > 0 => archives::zeros(&name, one.zeros_mib << 20),
            None => archives::file(name, self.fill(&one.text)),
        }
    }

    /// Grades the class at a level; gives each submission's outcome, by id.
    fn grade(&self, workdir: &Workdir, level: &str, out: &str) -> BTreeMap<String, Became> {
        let output = workdir
            .ipclab()
            .arg("grade")
            .arg(self.path("class"))
            .arg("--spec")
            .arg(self.path("zoo.toml"))
            .args(["--isolation", level, "-o", out, "--trust-submissions"])
            .args(match self.lab {
                Lab::Greeting => &[][..],
                // Hostile programs fail in every case that they play in, and some take as long as a case may.
                Lab::OfTheUnit(..) => &["--tier", "core"],
            })
            .timeout(std::time::Duration::from_secs(3600))
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!stderr.contains("panicked"), "{stderr}");
        let lines = fs::read_to_string(workdir.path(out).join("results.jsonl"))
            .unwrap_or_else(|error| panic!("{error}: {stderr}"));
        lines.lines().map(Became::read).collect()
    }

    /// Nothing of what attacks leave is anywhere here.
    fn is_clean(&self) {
        let here = fs::read_dir(self.folder.path()).unwrap().flatten();
        let all = here.chain(fs::read_dir(self.path("class/ada")).unwrap().flatten());
        for entry in all {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(!TRACES.contains(&name.as_str()), "{name} was written");
        }
    }
}

/// What became of a submission.
#[derive(Debug)]
struct Became {
    verdict: &'static str,
    earned: Option<u64>,
    /// Everything that is said of it.
    texts: String,
}

impl Became {
    fn read(line: &str) -> (String, Self) {
        let value: Value = serde_json::from_str(line).unwrap();
        let entry = &value["entry"];
        let entry = if entry.is_null() { &value } else { entry };
        let id = entry["who"]["id"].as_str().unwrap().to_owned();
        let score = &entry["outcome"]["report"]["score"];
        let earned = score["earned"].as_u64();
        let verdict = match earned {
            None => "refused",
            Some(points) if Some(points) == score["max"].as_u64() => "full",
            Some(0) => "nothing",
            Some(_) => "some",
        };
        let mut texts = String::new();
        strings(&entry["outcome"], &mut texts);
        (
            id,
            Self {
                verdict,
                earned,
                texts,
            },
        )
    }
}

fn strings(value: &Value, texts: &mut String) {
    match value {
        Value::String(text) => *texts += &format!("{text}\n"),
        Value::Array(list) => list.iter().for_each(|one| strings(one, texts)),
        Value::Object(map) => map.values().for_each(|one| strings(one, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Everything that was written about the class.
fn written(folder: &Path, all: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            written(&entry.path(), all);
        } else {
            let text = fs::read(entry.path()).unwrap();
            all.push((entry.path(), String::from_utf8_lossy(&text).into_owned()));
        }
    }
}

/// Grades that many well-behaved submissions alone and with all of these among them.
fn mixed(level: &str, lab: Lab, well_behaved: usize, folders: &[Folder]) {
    let workdir = Workdir::closed(&[]);
    let place = Place::new(lab);
    place.well_behaved(well_behaved);
    let others_work = fs::read_to_string(place.path(&place.other())).unwrap();
    let host = Host::look();
    let alone = place.grade(&workdir, level, "alone");
    assert_eq!(alone.len(), well_behaved);
    let there_is = |verdict: &str| alone.values().any(|one| one.verdict == verdict);
    match place.lab {
        Lab::Greeting => assert!(there_is("full") && there_is("nothing")),
        Lab::OfTheUnit(..) => assert!(there_is("full") && !there_is("nothing")),
    }
    for folder in folders {
        place.lay_out(folder);
    }
    let among = place.grade(&workdir, level, "among");
    let mut wrong = Vec::new();
    for (id, one) in &alone {
        if among[id].earned != one.earned || one.earned.is_none() {
            wrong.push(format!(
                "{id} was disturbed: {:?}, not {:?}: {}",
                among[id].earned, one.earned, among[id].texts
            ));
        }
    }
    for folder in folders {
        let expected = folder.verdict.at(level);
        // What is expected is said of the greeting. In another lab it has what it is for: to disturb nobody.
        let whatever = expected == "any" || !matches!(place.lab, Lab::Greeting);
        // As its name reads on paper.
        let id = ipclab_report::Line::new(&folder.id).to_string();
        let became = among.get(&id);
        let seen = became.map_or("nobody", |one| one.verdict);
        let texts = became.map_or("", |one| one.texts.as_str());
        println!("{id:<22} {level:<10} {seen:<8} {}", folder.what);
        if seen != expected && !whatever {
            wrong.push(format!("{id}: {seen}, not {expected}: {texts}"));
        }
        let at_level = folder.says_at.get(level).into_iter().flatten();
        for say in folder.says.iter().chain(at_level) {
            if !texts.contains(say.as_str()) && matches!(place.lab, Lab::Greeting) {
                wrong.push(format!("{id}: it does not say {say:?}: {texts}"));
            }
        }
    }
    // Entries that are no submission are reported all the same.
    let class = fs::read_to_string(workdir.path("among/class.json")).unwrap();
    for folder in folders.iter().filter(|folder| folder.is_link.is_some()) {
        if !class.contains(&format!("{} is a link", folder.id)) {
            wrong.push(format!("{}: nobody is told", folder.id));
        }
    }
    let mut files = Vec::new();
    written(&workdir.path("among"), &mut files);
    for (path, text) in &files {
        // What staff see of this submission shows its own code.
        let own = path.ends_with("submissions/ada.html");
        let mut others = text.lines().filter(|line| !line.contains("\"id\":\"ada\""));
        if !own && others.any(|line| line.contains(SECRET)) {
            wrong.push(format!("the secret is out: {}", path.display()));
        }
        if text.contains(['\u{1b}', '\u{9b}', '\u{7}', '\u{202e}']) {
            wrong.push(format!("an escape came through: {}", path.display()));
        }
        if text.len() > 4 << 20 && matches!(place.lab, Lab::Greeting) {
            wrong.push(format!("{} has {} bytes", path.display(), text.len()));
        }
    }
    assert!(wrong.is_empty(), "at {level}:\n{}", wrong.join("\n"));
    assert_eq!(workdir.scratch(), Vec::<PathBuf>::new());
    place.is_clean();
    assert_eq!(
        fs::read_to_string(place.path(&place.other())).unwrap(),
        others_work,
        "another's work was changed"
    );
    for folder in [
        "/tmp", "/dev/shm", "/var/tmp", "/etc", "/usr/bin", "/home", "/root",
    ] {
        for name in TRACES {
            let path = Path::new(folder).join(name);
            assert!(
                fs::symlink_metadata(&path).is_err(),
                "{} was left",
                path.display()
            );
        }
    }
    assert_eq!(
        sleepers(),
        Vec::<String>::new(),
        "a daemon of a build lives"
    );
    host.is_as_before(&format!("after the class at {level}"));
}

/// Daemons that a build left, by what only they are called with.
fn sleepers() -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains("sleep 100017")).collect()
}

/// An attack of the other part of the zoo as a submission to this class: it says Hello first.
fn program(id: &str, plays: &str) -> Folder {
    let (program, words) = plays.split_once(' ').unwrap();
    let words: Vec<String> = words.split(' ').map(|word| format!("{word:?}")).collect();
    let main = format!(
        "#define main attack\n#include \"{program}.inc\"\n#undef main\nint main(void) {{\n    char *words[] = {{\"attack\", {}, 0}};\n    puts(\"Hello\");\n    return attack({}, words);\n}}\n",
        words.join(", "),
        words.len() + 1
    );
    let mut folder: Folder = toml::from_str(&format!(
        "id = {:?}\nwhat = \"\"\nverdict = \"any\"\n",
        format!("runs-{id}")
    ))
    .unwrap();
    let text = |name: &str| {
        let file = ATTACKS.get_file(name).unwrap();
        file.contents_utf8().unwrap().to_owned()
    };
    folder.files.insert("hello.c".to_owned(), main);
    folder
        .files
        .insert(format!("{program}.inc"), text(&format!("{program}.c")));
    folder.files.insert("attack.h".to_owned(), text("attack.h"));
    folder
}

#[test]
fn hostile_folders_disturb_nobody_in_namespaces() {
    hostile_folders("hostile_folders_disturb_nobody_in_namespaces", "namespaces");
}

#[test]
fn hostile_folders_disturb_nobody_where_the_host_is_shared() {
    hostile_folders(
        "hostile_folders_disturb_nobody_where_the_host_is_shared",
        "shared",
    );
}

fn hostile_folders(test: &str, level: &str) {
    alone(module_path!(), test, || {
        let _turn = super::turn();
        if !levels(&Workdir::closed(&[])).contains(&level) {
            return;
        }
        let mut folders = all();
        folders.retain(|folder| folder.only.as_deref().is_none_or(|only| only == level));
        folders.retain(|folder| !folder.slow);
        mixed(level, Lab::Greeting, 10, &folders);
    });
}

#[test]
#[ignore = "takes minutes: cargo test --workspace -- --ignored fifty"]
fn fifty_submissions_get_the_same_marks_with_the_whole_zoo_among_them_in_namespaces() {
    fifty(
        "fifty_submissions_get_the_same_marks_with_the_whole_zoo_among_them_in_namespaces",
        "namespaces",
        Lab::Greeting,
    );
}

#[test]
#[ignore = "takes minutes: cargo test --workspace -- --ignored fifty"]
fn fifty_submissions_get_the_same_marks_with_the_whole_zoo_among_them_where_the_host_is_shared() {
    fifty(
        "fifty_submissions_get_the_same_marks_with_the_whole_zoo_among_them_where_the_host_is_shared",
        "shared",
        Lab::Greeting,
    );
}

#[test]
#[ignore = "takes four minutes: WHOLE_ZOO=1 cargo test --workspace -- --ignored fifty"]
fn fifty_of_shm_hello_get_the_same_marks_in_namespaces() {
    fifty(
        "fifty_of_shm_hello_get_the_same_marks_in_namespaces",
        "namespaces",
        Lab::OfTheUnit("shm-hello", "shm_writer"),
    );
}

#[test]
#[ignore = "takes four minutes: WHOLE_ZOO=1 cargo test --workspace -- --ignored fifty"]
fn fifty_of_shm_hello_get_the_same_marks_where_the_host_is_shared() {
    fifty(
        "fifty_of_shm_hello_get_the_same_marks_where_the_host_is_shared",
        "shared",
        Lab::OfTheUnit("shm-hello", "shm_writer"),
    );
}

#[test]
#[ignore = "takes four minutes: WHOLE_ZOO=1 cargo test --workspace -- --ignored fifty"]
fn fifty_of_tcp_echo_get_the_same_marks_in_namespaces() {
    fifty(
        "fifty_of_tcp_echo_get_the_same_marks_in_namespaces",
        "namespaces",
        Lab::OfTheUnit("tcp-echo", "iserver"),
    );
}

#[test]
#[ignore = "takes four minutes: WHOLE_ZOO=1 cargo test --workspace -- --ignored fifty"]
fn fifty_of_tcp_echo_get_the_same_marks_where_the_host_is_shared() {
    fifty(
        "fifty_of_tcp_echo_get_the_same_marks_where_the_host_is_shared",
        "shared",
        Lab::OfTheUnit("tcp-echo", "iserver"),
    );
}

/// Asks for the classes of whole labs, for which there is no time in a CI.
const WHOLE: &str = "WHOLE_ZOO";

/// The class of fifty, with everything that there is among it: some minutes.
fn fifty(test: &str, level: &str, lab: Lab) {
    if let Lab::OfTheUnit(name, _) = lab
        && std::env::var_os(WHOLE).is_none()
    {
        eprintln!("not run: fifty submissions of {name} take minutes, and {WHOLE}=1 asks for them");
        return;
    }
    alone(module_path!(), test, || {
        let _turn = super::turn();
        if !levels(&Workdir::closed(&[])).contains(&level) {
            return;
        }
        let here = |only: &Option<String>| only.as_deref().is_none_or(|only| only == level);
        let mut folders = all();
        folders.retain(|folder| here(&folder.only));
        let outcomes: Outcomes = toml::from_str(super::OUTCOMES).unwrap();
        for attack in outcomes.attack.iter().filter(|attack| here(&attack.only)) {
            folders.push(program(&attack.id, &attack.plays));
        }
        mixed(level, lab, 50, &folders);
    });
}
