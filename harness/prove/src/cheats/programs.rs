//! Programs that do not do the task: C sources, made for one program of a lab.
//!
//! Each of them tries one way to points that is no solution. None of them knows the lab: they are made from what the
//! reference printed in the same case and from the names of the lab's programs.

use std::fmt::Write;

use ipclab_spec::{Program, Reference};

/// What a cheat knows of the case that it is made for.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// What the program's reference printed, on descriptors 1 and 2.
    pub printed: [Vec<u8>; 2],
    /// What all actors printed, one after the other.
    pub all_printed: Vec<u8>,
}

/// A way to points without the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cheat {
    /// Ends with 0 at once: what every other cheat is compared with.
    DoesNothing,
    /// Ends with 1 at once.
    Fails,
    /// Waits until it is ended.
    Waits,
    /// Prints what the reference prints in this case.
    PrintsTranscript,
    /// Prints its arguments and its input.
    Echoes,
    /// Writes what all actors should print to every terminal and every process's output that it can open.
    TypesIntoTerminals,
    /// Looks through the whole file system and all processes for a program to run in its place, or for the spec.
    SeeksReference,
    /// Fills the trace with harmless calls and prints the transcript afterwards.
    Floods,
}

impl Cheat {
    /// All of them, the one that the others are compared with first.
    pub(super) const ALL: [Self; 8] = [
        Self::DoesNothing,
        Self::Fails,
        Self::Waits,
        Self::PrintsTranscript,
        Self::Echoes,
        Self::TypesIntoTerminals,
        Self::SeeksReference,
        Self::Floods,
    ];

    /// As tables and JSON write it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::DoesNothing => "does-nothing",
            Self::Fails => "fails",
            Self::Waits => "waits",
            Self::PrintsTranscript => "prints-transcript",
            Self::Echoes => "echoes",
            Self::TypesIntoTerminals => "types-into-terminals",
            Self::SeeksReference => "seeks-reference",
            Self::Floods => "floods",
        }
    }

    /// Its source, in C.
    pub(super) fn source(self, program: &Program, known: &Known) -> String {
        let body = match self {
            Self::DoesNothing => "int main(void) { return 0; }\n".to_owned(),
            Self::Fails => "int main(void) { return 1; }\n".to_owned(),
            Self::Waits => "int main(void) { for (;;) pause(); }\n".to_owned(),
            Self::PrintsTranscript => format!(
                "{}int main(void)\n{{\n    say(1, out, sizeof out - 1);\n    say(2, err, sizeof err - 1);\n    return 0;\n}}\n",
                transcript(known)
            ),
            Self::Echoes => ECHOES.to_owned(),
            Self::TypesIntoTerminals => {
                format!(
                    "{}{}{TYPES}",
                    transcript(known),
                    text("all", &known.all_printed)
                )
            }
            Self::SeeksReference => format!("{}{SEEKS}", names(program)),
            Self::Floods => format!("{}{FLOODS}", transcript(known)),
        };
        format!("{HEADER}{body}")
    }
}

/// What [`Cheat::SeeksReference`] prints before the name of a spec that it found.
pub(super) const FOUND: &str = "this is a spec: ";

const HEADER: &str = r#"#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((unused)) static void say(int to, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = write(to, text, length);
        if (n <= 0)
            return;
        text += n;
        length -= n;
    }
}

"#;

const ECHOES: &str = r#"int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        puts(argv[i]);
    fflush(stdout);
    char buffer[4096];
    ssize_t n;
    while ((n = read(0, buffer, sizeof buffer)) > 0)
        say(1, buffer, n);
    return 0;
}
"#;

const TYPES: &str = r#"static void type_into(const char *path)
{
    int to = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK);
    if (to < 0)
        return;
    say(to, all, sizeof all - 1);
    close(to);
}

int main(void)
{
    say(1, out, sizeof out - 1);
    say(2, err, sizeof err - 1);
    /* Others start later, so it looks more than once. */
    for (int round = 0; round < 20; round++) {
        char path[64];
        for (int n = 0; n < 16; n++) {
            snprintf(path, sizeof path, "/dev/pts/%d", n);
            if (!ttyname(1) || strcmp(path, ttyname(1)))
                type_into(path);
        }
        for (int pid = 1; pid < 64; pid++)
            for (int fd = 1; fd <= 2 && pid != getpid(); fd++) {
                snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
                type_into(path);
            }
        usleep(2000);
    }
    return 0;
}
"#;

const SEEKS: &str = r#"static char **words;
static struct stat own;

static void try_path(const char *path, const struct stat *about)
{
    if (about->st_dev == own.st_dev && about->st_ino == own.st_ino)
        return;
    const char *last = strrchr(path, '/');
    last = last ? last + 1 : path;
    for (int i = 0; names[i]; i++)
        if (!strcmp(last, names[i]))
            execv(path, words);
}

static void look_into(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    char line[4096];
    while (fgets(line, sizeof line, file))
        if (!strncmp(line, "[[case]]", 8)) {
            printf("this is a spec: %s\n", path);
            break;
        }
    fclose(file);
}

static int visit(const char *path, const struct stat *about, int kind, struct FTW *at)
{
    (void)at;
    if (kind == FTW_D && (!strcmp(path, "/sys") || !strcmp(path, "/proc") || !strcmp(path, "/usr/share")
                          || !strcmp(path, "/usr/include") || !strcmp(path, "/usr/lib")))
        return FTW_SKIP_SUBTREE;
    if (kind == FTW_F && S_ISREG(about->st_mode)) {
        size_t length = strlen(path);
        if (about->st_mode & 0111)
            try_path(path, about);
        else if (length > 5 && !strcmp(path + length - 5, ".toml"))
            look_into(path);
    }
    return FTW_CONTINUE;
}

int main(int argc, char **argv)
{
    (void)argc;
    words = argv;
    stat("/proc/self/exe", &own);
    char path[64];
    /* The programs of the other processes, those that started before it and those that come. */
    for (int round = 0; round < 5; round++) {
        for (int pid = 1; pid < 64; pid++) {
            struct stat about;
            char target[4096];
            snprintf(path, sizeof path, "/proc/%d/exe", pid);
            ssize_t n = readlink(path, target, sizeof target - 1);
            if (pid == getpid() || n < 0 || stat(path, &about) < 0)
                continue;
            target[n] = 0;
            if (about.st_dev != own.st_dev || about.st_ino != own.st_ino)
                execv(path, words);
            try_path(target, &about);
        }
        usleep(2000);
    }
    nftw("/", visit, 16, FTW_PHYS | FTW_ACTIONRETVAL);
    for (int i = 0; names[i]; i++) {
        execvp(names[i], words);
        execlp("ipclab", "ipclab", "reference", names[i], (char *)0);
    }
    return 0;
}
"#;

const FLOODS: &str = r#"int main(void)
{
    for (int i = 0; i < 3000; i++) {
        int fd = open("/dev/null", O_RDONLY);
        close(fd);
    }
    say(1, out, sizeof out - 1);
    say(2, err, sizeof err - 1);
    return 0;
}
"#;

fn transcript(known: &Known) -> String {
    text("out", &known.printed[0]) + &text("err", &known.printed[1])
}

/// A definition of the text in C. Every byte that is no plain letter is written by its number.
fn text(name: &str, bytes: &[u8]) -> String {
    let mut text = format!("static const char {name}[] =");
    for line in bytes.chunks(64) {
        text.push_str("\n    \"");
        for byte in line {
            let _ = match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b' ' => write!(text, "{}", *byte as char),
                other => write!(text, "\\{other:03o}"),
            };
        }
        text.push('"');
    }
    if bytes.is_empty() {
        text.push_str(" \"\"");
    }
    text + ";\n"
}

/// What the program's reference may be called.
fn names(program: &Program) -> String {
    let mut names = vec![program.name.as_str()];
    if let Reference::BuiltIn(name) = &program.reference {
        names.push(name);
    }
    names.dedup();
    let names: String = names.iter().map(|name| format!("{name:?}, ")).collect();
    format!("static const char *names[] = {{{names}0}};\n")
}
