//! The file as it was written: one type a table, nothing checked but shapes and key names.
//!
//! serde would stop at the first mistake of a file; an author wants all of them. So the tables are read by a small
//! reader of our own, which reports an unknown key or a wrong kind of value and goes on. The same types describe
//! themselves as JSON Schema: what an editor is told and what is read cannot drift apart.

mod forms;
mod objects;
mod read;

pub(crate) use forms::*;
pub(crate) use objects::*;
pub(crate) use read::*;

tables! {
    /// A lab: its programs and the cases that grade them.
    #[schemars(rename = "Spec")]
    RawSpec {
        /// Version of the language: 2. In 1, names of calls mean what is always seen of them.
        #[schemars(required, range(min = 1, max = 2))]
        format: At<i64>,
        /// The lab's name, which is also the file's.
        #[schemars(required)]
        lab: At<String>,
        /// The lab's title, for people.
        #[schemars(required)]
        title: At<String>,
        /// Questions of the unit that the lab belongs to; each case says in `covers` which of them it tests. Left out: `covers` may be
        /// left out, too.
        unit: Many,
        /// A safety net for each case's wall time, never a pacing device; left out: 10s.
        limit: At<String>,
        /// Lines of the hosts file in every case, as in `given.hosts`: the names that the lab has for its machine.
        hosts: Keyed<Many>,
        /// Hints by cause or aspect for all cases, as in `case.hints`.
        hints: Keyed<Many>,
        /// What students hand in.
        #[schemars(required)]
        program: Keyed<RawProgram>,
        /// Scenarios.
        #[schemars(required)]
        case: Items<RawCase>,
    }

    /// A program that students hand in.
    #[schemars(rename = "Program")]
    RawProgram {
        /// File names to look for, best first, whatever their case or folder; "*server*.c" means programs that are called alike,
        /// where there is none of the names that are written out.
        source: Many,
        /// What takes its place beside a student's program: a reference program's name, or sources beside the spec. Left out: it has
        /// none, and is not proved.
        reference: ReferenceForm,
        /// A build line without a shell; left out: the folder's Makefile, else the C compiler.
        build: At<String>,
        /// More arguments for the compiler, after the sources; left out: none.
        flags: Many,
    }

    /// One scenario: actors, what is there before, what must come of it, points.
    #[schemars(rename = "Case")]
    RawCase {
        /// Its name, in kebab-case.
        #[schemars(required)]
        id: At<String>,
        /// Take over everything of that case, and change what differs.
        like: At<String>,
        /// What is tested, in plain words.
        title: At<String>,
        /// "core", "robust" or "stretch": they are told and graded apart. Accepted submissions must have all of "core".
        #[schemars(extend("enum" = ["core", "robust", "stretch"]))]
        tier: At<String>,
        /// One number: all or nothing. A table: so many for each aspect, of which something must be expected.
        points: PointsForm,
        /// The unit's questions that it tests.
        covers: Many,
        /// What a teacher would say to a student who failed it; a list: in steps, from the concept to the call.
        hint: Many,
        /// The same for one kind of cause or one aspect, whatever else the case is about: `waits`, `exit`. It is shown instead of `hint`.
        hints: Keyed<Many>,
        /// Wall time that one run may take at most; left out: the lab's.
        limit: At<String>,
        /// Cases that must have passed, else this one is skipped; left out: none.
        requires: Many,
        /// "visible": students see the result. "hidden": they never do. "after-deadline": later. Left out: "visible".
        #[schemars(extend("enum" = ["visible", "hidden", "after-deadline"]))]
        visibility: At<String>,
        /// true: run a second build with AddressSanitizer and UBSan. "thread": one with ThreadSanitizer. Left out: false.
        sanitize: SanitizeForm,
        /// How many descriptors a process may have open at once; left out: 256.
        #[schemars(range(min = 16, max = 4096))]
        open_files: At<i64>,
        /// How many lines a program may print on one stream before it is stopped as one that prints without end; left out:
        /// 1,000, and 20 more for each connection of a crowd.
        #[schemars(range(min = 100, max = 20000))]
        output_lines: At<i64>,
        /// What else one actor may use before it is stopped: processes, memory, calls, CPU time, files; and how much of its own time
        /// the case may take.
        limits: RawLimits,
        /// Processes go on one at a time, and at each access to a System V segment it is decided who is next; one run for
        /// each of these orders: "late-writers", "readers-first", "oldest-first", "newest-first", "drawn"; "all" of them. Or a
        /// search: { preemptions = 2 }, { pct = 3, runs = 800 }. No change to shared memory may be lost, and more than one
        /// process has to write there.
        interleave: InterleaveForm,
        /// "any": it does not matter which actor does something first. Left out: `spec check` warns where nothing says it.
        #[schemars(extend("enum" = ["any"]))]
        order: At<String>,
        /// Process trees, in the order in which they start.
        actor: Keyed<RawActor>,
        /// What must cross, by "from -> to".
        wire: Keyed<WireForm>,
        /// What may and must be left behind; left out: nothing may.
        leaves: RawLeaves,
        /// State of System V segments by key, after the last actor ended.
        shm: Keyed<RawShm>,
        /// State of System V semaphore sets by key.
        sem: Keyed<RawSem>,
        /// State of System V message queues by key.
        msg: Keyed<RawMsg>,
        /// State of POSIX named semaphores by name, after the last actor ended.
        posix_sem: Keyed<RawPosixSem>,
        /// State of POSIX message queues by name, after the last actor ended.
        posix_mq: Keyed<RawPosixMq>,
        /// Patterns of system calls by actor: "shmdt(...) = 0", "no accept()", "every socket() has close()".
        calls: Keyed<Many>,
        /// What must be true of an actor's processes: zombies = 0, orphans = 0, total = 4; one table, or a list of them.
        processes: Tables<RawProcesses>,
        /// What an actor's processes may have open beside stdin, stdout and stderr; one table, or a list of them.
        descriptors: Tables<RawDescriptors>,
        /// What an actor's processes map of files and of memory that is shared; one table, or a list of them.
        mappings: Tables<RawMappings>,
        /// What an actor does with signals: what it catches, ignores and blocks, and which it takes; one table, or a list of them.
        signals: Tables<RawSignals>,
        /// What must be true of files by path, after the last actor ended; a relative path is below the folder that programs run
        /// in.
        files: Keyed<RawFile>,
        /// What is there before the first actor starts.
        given: RawGiven,
        /// Changes at the kernel boundary: "client recv: at most 5 bytes", "server accept #1: EINTR", "client read on file:
        /// EIO".
        fault: Many,
        /// Runs in each of which one of these calls fails whenever it is made: one for each likely reason.
        fail_each: Many,
        /// Variables and how their values are drawn.
        vary: Keyed<RawVary>,
        /// How often the case runs with values drawn anew; 20 when left out. Where there are no more values than that, each
        /// is tried once.
        #[schemars(range(min = 1, max = 10000))]
        runs: At<i64>,
        /// "reference": judged against the same case with reference programs in the student's places, too. Left out: by what the
        /// case says alone.
        #[schemars(extend("enum" = ["reference"]))]
        oracle: At<String>,
    }

    /// A search of schedules. One of `preemptions` and `pct`.
    #[schemars(rename = "Interleave")]
    RawInterleave {
        /// Every schedule is tried in which so many times at most a process loses its turn that could have gone on, up to the
        /// order of steps that do not touch the same thing.
        #[schemars(range(min = 0, max = 4))]
        preemptions: At<i64>,
        /// Priorities are drawn for each run so that a fault of this depth is met with a probability that is told.
        #[schemars(range(min = 1, max = 6))]
        pct: At<i64>,
        /// How many schedules are tried at most; left out: 2,000, and 200 with `pct`.
        #[schemars(range(min = 1, max = 100000))]
        runs: At<i64>,
    }

    /// What one actor may use before it is stopped; what is left out is as in any case.
    #[schemars(rename = "Limits")]
    RawLimits {
        /// Processes and threads alive at once; left out: 64, and 2 more for each connection of a crowd.
        #[schemars(range(min = 1, max = 4096))]
        processes: At<i64>,
        /// MiB of memory in use; left out: 1,024.
        #[schemars(range(min = 16, max = 16384))]
        memory: At<i64>,
        /// System calls that are watched; left out: 100,000, and ten times as many operations on semaphores.
        #[schemars(range(min = 1000, max = 10000000))]
        calls: At<i64>,
        /// CPU time in ms; left out: 2,000.
        #[schemars(range(min = 100, max = 600000))]
        cpu_ms: At<i64>,
        /// What the case's own clock may show, in ms: computing takes none of its time, and waiting for a time takes none of the
        /// machine's; left out: 3,600,000, an hour.
        #[schemars(range(min = 1000, max = 86400000))]
        clock_ms: At<i64>,
        /// Files, folders and links that it makes; left out: 2,000.
        #[schemars(range(min = 1, max = 100000))]
        files: At<i64>,
    }

    /// A process tree. One of `student`, `reference` and `peer` says who plays it.
    #[schemars(rename = "Actor")]
    RawActor {
        /// The student's program and its arguments.
        student: At<String>,
        /// The reference program and its arguments.
        reference: At<String>,
        /// A script, one step a line: "connect tcp:12345", "send 'hal'", "until server waits", "reset".
        peer: Many,
        /// How many of it; a number or a variable of `vary`. Left out: 1.
        copies: CopiesForm,
        /// What it reads, through a pipe; left out: nothing, at once end of file.
        stdin: At<String>,
        /// Where it must serve, and the starting gun of the next actor: "tcp:12345", "unix:/tmp/socket"; "tcp:any", "udp:any" and
        /// "unix:any" leave the place to the program, and others are given it: {{server.listens.port}}.
        listens: At<String>,
        /// What must have happened before it starts: "server exits", "server waits", "server listens"; or what the case's clock
        /// must show: "5s". Left out: the actor before it is ready.
        after: At<String>,
        /// How it must end: a status, "failure", "running", "ended" (by itself, with whatever status), "any" or a signal's name. Left
        /// out: it is not looked at.
        exit: ExitForm,
        /// What it prints to: "tty", "pipe" or "file"; left out: "tty". To a terminal the C library writes each line at once, to all
        /// else whole blocks.
        #[schemars(extend("enum" = ["tty", "pipe", "file"]))]
        stdout_is: At<String>,
        /// What it must print: the whole transcript, or a table of expectations. Left out: it is not looked at.
        stdout: OutputForm,
        /// What it must print on descriptor 2, likewise.
        stderr: OutputForm,
    }

    /// Expectations about a stream.
    #[schemars(rename = "Output")]
    RawOutput {
        /// These lines in this order, others may stand between.
        lines: Many,
        /// These lines in any order, others may stand between.
        any_order: Many,
        /// Each of these somewhere.
        contains: Many,
        /// At least one of these somewhere; each may have several lines.
        any_of: Many,
        /// None of these anywhere.
        lacks: Many,
        /// Each of these regular expressions matches somewhere.
        regex: Many,
    }

    /// What must cross from one actor to another.
    #[schemars(rename = "Wire")]
    RawWire {
        /// So many sent and so many received.
        bytes: AmountForm,
        /// What the kernel must say was sent: a number of bytes, or the messages.
        sent: AmountForm,
        /// What the kernel must say was received.
        received: AmountForm,
    }

    /// What may and must be left behind; what is named nowhere may not be left.
    #[schemars(rename = "Leaves")]
    RawLeaves {
        /// Allowed: "/tmp/socket", "{{server.listens.path}}", "shm:100", "tcp:12345", "process".
        may: Many,
        /// Required.
        must: Many,
    }

    /// State of a segment.
    #[schemars(rename = "Shm")]
    RawShm {
        /// false: there must be none, which earns `cleanup`; in format 1, `memory`.
        exists: At<bool>,
        /// Bytes.
        size: CountForm,
        /// Permission bits: "0644".
        mode: ModeForm,
        /// How many times it is attached.
        attached: CountForm,
        /// What it must hold at its start.
        holds: At<String>,
        /// When: "writer exits", "5s" of the case's clock; left out: after the last actor ended.
        after: At<String>,
    }

    /// What is there before the first actor starts.
    #[schemars(rename = "Given")]
    RawGiven {
        /// Files by absolute path: a text, "stale socket", "directory" or "fifo".
        files: Keyed<FileForm>,
        /// System V segments by key.
        shm: Keyed<RawGivenShm>,
        /// System V semaphore sets by key.
        sem: Keyed<RawGivenSem>,
        /// System V message queues by key.
        msg: Keyed<RawGivenMsg>,
        /// POSIX named semaphores by name.
        posix_sem: Keyed<RawGivenPosixSem>,
        /// POSIX message queues by name.
        posix_mq: Keyed<RawGivenPosixMq>,
        /// Students' programs find the descriptors below this number open when they start; left out: 3.
        #[schemars(range(min = 3, max = 4000))]
        descriptors: At<i64>,
        /// Lines of the hosts file by name, or by several names of which the first is the host's own: an address, or a
        /// list of them.
        hosts: Keyed<Many>,
    }

    /// A file that is there before, with its permission bits, or a link.
    #[schemars(rename = "GivenFile")]
    RawGivenFile {
        /// What it holds.
        text: At<String>,
        /// Bytes; behind its text is a hole, which reads as zeros and takes no room.
        size: At<i64>,
        /// It is a symbolic link to this path.
        target: At<String>,
        /// It is another name (a hard link) of this file, which is given before it.
        link: At<String>,
        /// Permission bits; left out: 0644.
        mode: ModeForm,
    }

    /// A segment that is there before.
    #[schemars(rename = "GivenShm")]
    RawGivenShm {
        /// Bytes.
        #[schemars(required)]
        size: At<i64>,
        /// Permission bits: "0644"; left out: 0600.
        mode: ModeForm,
        /// What it holds at its start.
        holds: At<String>,
        /// "other": it belongs to another user. Left out: to the one who runs the programs.
        #[schemars(extend("enum" = ["other"]))]
        owner: At<String>,
    }

    /// A semaphore set that is there before.
    #[schemars(rename = "GivenSem")]
    RawGivenSem {
        /// The semaphores' values.
        #[schemars(required)]
        values: Items<At<i64>>,
        /// Permission bits: "0644"; left out: 0600.
        mode: ModeForm,
    }

    /// A message queue that is there before.
    #[schemars(rename = "GivenMsg")]
    RawGivenMsg {
        /// What waits in it, in this order; left out: nothing.
        messages: Items<RawMessage>,
        /// Permission bits: "0644"; left out: 0600.
        mode: ModeForm,
    }

    /// A message of a queue.
    #[schemars(rename = "Message")]
    RawMessage {
        /// Its type, more than 0; left out: 1.
        #[schemars(range(min = 1))]
        mtype: At<i64>,
        /// What it says.
        #[schemars(required)]
        text: At<String>,
    }

    /// A POSIX named semaphore that is there before.
    #[schemars(rename = "GivenPosixSem")]
    RawGivenPosixSem {
        /// Its value.
        #[schemars(required, range(min = 0, max = 2147483647))]
        value: At<i64>,
        /// Permission bits: "0644"; left out: 0600.
        mode: ModeForm,
    }

    /// A POSIX message queue that is there before.
    #[schemars(rename = "GivenPosixMq")]
    RawGivenPosixMq {
        /// What is put into it, in this order; left out: nothing.
        messages: Items<RawUrgentMessage>,
        /// The most messages that it holds; left out: 10.
        #[schemars(range(min = 1, max = 10))]
        maxmsg: At<i64>,
        /// The most bytes of a message; left out: 8192.
        #[schemars(range(min = 1, max = 8192))]
        msgsize: At<i64>,
        /// Permission bits: "0644"; left out: 0600.
        mode: ModeForm,
    }

    /// A message of a POSIX queue.
    #[schemars(rename = "UrgentMessage")]
    RawUrgentMessage {
        /// The more, the sooner it is received; left out: 0.
        #[schemars(range(min = 0, max = 32767))]
        priority: At<i64>,
        /// What it says.
        #[schemars(required)]
        text: At<String>,
    }

    /// How a variable's values are drawn: a text, a whole number or one of a list.
    #[schemars(rename = "Vary")]
    RawVary {
        /// Shortest and longest text: "0..99".
        length: At<String>,
        /// Of which characters: "printable", "letters", "digits", "utf8" or "any"; left out: "printable".
        #[schemars(extend("enum" = ["printable", "letters", "digits", "utf8", "any"]))]
        of: At<String>,
        /// Smallest and largest number: "1..4".
        int: At<String>,
        /// One of these.
        one_of: Many,
    }

    /// A submission's own mapping: where its programs are and how they are built and run.
    #[schemars(rename = "Mapping")]
    RawMapping {
        /// The lab that it is for.
        lab: At<String>,
        /// Programs by the name that the lab calls them.
        program: Keyed<RawMapped>,
    }

    /// Where a program of a submission is.
    #[schemars(rename = "Mapped")]
    RawMapped {
        /// Its source files, relative to the folder.
        source: Many,
        /// A build line without a shell.
        build: At<String>,
        /// How it is run; the program's own arguments are appended.
        run: At<String>,
        /// Arguments that the built program gets before those of each case: "-p 12345".
        args: At<String>,
    }

    /// What a submission that proves a spec must get.
    #[schemars(rename = "Expected")]
    RawExpected {
        /// What sets it apart.
        #[schemars(required)]
        about: At<String>,
        /// Words that what is found must contain.
        says: Many,
        /// Cases that it must fail, and on which aspects.
        fails: Keyed<Many>,
        /// Cases that must be skipped: "build", or the case that was required.
        skips: Keyed<At<String>>,
    }

    /// A rejected submission: an accepted one and what is changed in it.
    #[schemars(rename = "Patch")]
    RawPatch {
        /// The name of the accepted submission.
        #[schemars(required)]
        base: At<String>,
        /// What sets it apart.
        #[schemars(required)]
        about: At<String>,
        /// Words that what is found must contain.
        says: Many,
        /// Places that are changed.
        change: Items<RawChange>,
        /// Files that the base does not have.
        add: Items<RawAdd>,
        /// Files of the base that it does not have.
        remove: Many,
        /// Cases that it must fail, and on which aspects.
        fails: Keyed<Many>,
        /// Cases that must be skipped: "build", or the case that was required.
        skips: Keyed<At<String>>,
    }

    /// A place of a file that is changed.
    #[schemars(rename = "Change")]
    RawChange {
        /// The file, relative to the submission's folder.
        #[schemars(required)]
        file: At<String>,
        /// What stands there, exactly once in the file.
        #[schemars(required)]
        replace: At<String>,
        /// What stands there instead.
        #[schemars(required)]
        with: At<String>,
    }

    /// A file that is added.
    #[schemars(rename = "Add")]
    RawAdd {
        /// The file, relative to the submission's folder.
        #[schemars(required)]
        file: At<String>,
        /// What is in it.
        #[schemars(required)]
        text: At<String>,
    }
}
