//! What stands below the help of each command. A paragraph is one line: clap breaks it where the terminal ends.

pub(super) const EXAMPLES: &str = "\
Examples:
  ipclab labs                                   which labs there are
  ipclab init tcp-echo work                     the files to start from
  ipclab check work                             grade the programs in the folder work
  ipclab check work --case echo-one             one case of it again
  ipclab grade class.zip --lab tcp-echo -o out  grade everybody
  ipclab interop class --lab tcp-echo -o out    every server with every client
  ipclab explain tcp-echo echo-one              what that case does and wants
  ipclab reference iserver 2                    run our own server, to try a client by hand

Exit status: 0 full marks, 1 points lost, 2 the command line or the spec is wrong, 3 could not grade.";

pub(super) const CHECK_EXAMPLES: &str = "\
Examples:
  ipclab check                                  the current folder, the lab is told by its programs
  ipclab check alice --lab tcp-echo --tier core one tier of a lab that is named
  ipclab check alice --all                      every case, finding and conversation
  ipclab check alice --case echo-one --keep seen
                                                one case; `ipclab judge seen` shows it again
  ipclab check alice --spec my-lab.toml         by a spec of your own
  ipclab check alice --format html -o alice.html
                                                a page, with the conversation as a diagram
  ipclab check --for staff                      hidden cases, too
  ipclab check work --watch                     again at every save

Odd names and other languages: put an ipclab.toml into the folder.
  [program.iserver]
  source = \"src/My Server.c\"                    or: build = \"rustc server.rs -o iserver\"
                                                or: run = \"python3 server.py\"";

pub(super) const GRADE_EXAMPLES: &str = "\
Examples:
  ipclab grade class --lab tcp-echo --list      who is in it, without grading
  ipclab grade class.zip --lab tcp-echo -o results
                                                everybody; again: only what has changed
  ipclab grade clones --lab tcp-echo -o results --roster students.csv
                                                with names, and who is missing
  ipclab grade class --lab tcp-echo -o results --only ada --regrade
                                                one of them again
  ipclab grade class --lab tcp-echo -o results --only ada --case echo-one
                                                a look at one case: the class's marks stay as they are
  ipclab grade class --spec mended.toml -o results --replace
                                                marks by another spec, which are compared first

What a class may be: a folder or an archive with a folder, an archive or C files (ada_iserver.c) for each student; \
what Canvas, Moodle and Gradescope give to download; clones of GitHub Classroom and Classroom 50.

In the folder of results: report.html is the class as a page, submissions/ has a page of each for you, feedback/ the same \
for the students. results.jsonl has a line for each submission, written as soon as it is graded; class.json and class.csv \
are the class in short. The same command again grades what has changed and what could not be graded.

A mark is never replaced by less. What --case and --tier look at goes into looks/. What another spec, build of the tool or option makes of the class goes into gradings/; it takes the place of the marks when every submission has been graded by it and no mark changes, when you say yes at the terminal, or with --replace. The marks of before stay in gradings/ then. --replace also leaves out marks of submissions that are no longer there.

class.toml in the folder of results, written by you, says what counts for the class:
  tiers = [\"core\", \"robust\"]                   what it is graded on; left out: the tiers of its first run
  not-handed-in = 0                             the mark of a student without a submission; left out: no mark
  [late]                                        left out: being late costs nothing
  deadline = \"2026-03-01 23:59 +01:00\"          counted from what Gradescope, Moodle's worksheet or a roster say
  per-day = \"10%\"                               of the lab's points, for each day that has begun
  grace = \"30 min\"                              also: of = \"mark\", slip-days = 2, cap = \"50%\", until-days = 7

overrides.toml there (or overrides.csv with the same columns) is your word by hand. It survives every regrading.
  [[override]]
  who = \"doejane_101\"                           id, name or number; or: cause = \"echo-one-1a2b3c\", all of a group
  mark = 12                                     or: case and points; late-days; comment alone, which students read
  reason = \"the spec was wrong\"                 with by and when: what changes a mark is signed
`ipclab refresh results` writes the pages anew by both, without grading.

Exit status: 0 everybody has a mark, 1 marks would change and --replace was not given, 2 the command line, the spec or the class is wrong, 3 somebody has none.";

pub(super) const INTEROP_EXAMPLES: &str = "\
Examples:
  ipclab interop class.zip --lab tcp-echo -o results
  ipclab interop clones --lab tcp-echo -o results --from github

In the folder of results: interop.html, the heat map, and interop.json. Programs that are the same to the byte meet \
others once. The cases are those of the lab in which the student plays more than one program; --case and --tier choose \
among them.

Exit status: 0 done, 2 the command line, the spec or the class is wrong, 3 some meetings could not be judged.";

pub(super) const SLURM_EXAMPLES: &str = "\
Examples:
  ipclab package slurm class.zip --lab tcp-echo -o results --parts 20 > grade.sh
  bash grade.sh                                 hands in the array and the merge
  less results/merge.log                        what came of it, when it is done

The class is in results/class then. The same script again goes on after a failure.

Where the nodes refuse user namespaces (`srun ipclab doctor` says so), programs run with your own rights there: if you trust all of them, add --trust-submissions.";

pub(super) const MERGE_EXAMPLES: &str = "\
Examples:
  ipclab grade class --lab tcp-echo -o part1 --shard 1/2     on one machine
  ipclab grade class --lab tcp-echo -o part2 --shard 2/2     on another
  ipclab merge part1 part2 -o results

Exit status: 0 everybody has a mark, 2 the parts do not belong together or contradict each other, 3 somebody has none.";

pub(super) const EXPORT_EXAMPLES: &str = "\
Examples:
  ipclab export canvas results --fill Grades.csv --column 'Echo lab' -o Grades-filled.csv
  ipclab export moodle results --fill Grades-Unit.csv -o filled.csv
  ipclab export csv results
  ipclab export canvas-feedback results -o back.zip
                                                for Canvas's \"Upload Submissions\"
  ipclab export moodle-feedback results -o back.zip
                                                for Moodle's \"Upload multiple feedback files in a zip\"

Of the file that was downloaded only the cells of marks and feedback change. Marks that are not final are not written: the \
cell stays as it was, and the submission is named. What was not handed in gets a mark only if class.toml in the folder of \
results says so: not-handed-in = 0.

Only the class's whole marks are exported. A look (--case, --tier) or another grading beside the marks is refused.";

pub(super) const REFRESH_EXAMPLES: &str = "\
Examples:
  ipclab refresh results                        after you wrote class.toml or overrides.toml in it

Exit status: 0 everybody has a mark, 2 what you wrote is wrong or the folder has no marks, 3 somebody has none.";

pub(super) const VERIFY_EXAMPLES: &str = "\
Examples:
  ipclab verify results                         five submissions of the class
  ipclab verify results doejane_101             one of them
  ipclab verify results --sample 50 --no-cache  fifty, each built anew
  ipclab verify results --submissions class.zip where the class lies elsewhere now

Each result says by which tool, spec and options it was graded. Nothing in the folder of results changes.

Exit status: 0 all came out the same, 1 one did not, 2 the folder does not say how it was graded, 3 one could not be tried.";

pub(super) const DIFF_EXAMPLES: &str = "\
Examples:
  ipclab diff results results/gradings/1a2b3c   the class's marks, and what another spec makes of them
  ipclab diff monday friday --format csv -o changes.csv
                                                two days, two machines or two builds of the tool

Submissions are the same where their ids are. Causes come first, with how many students each has. What the programs earned is compared. Where overrides or the rule for late work make another mark of it, that mark stands beside it: \"0 -> 4  (+4); mark 3 as before\". What you have written into overrides.toml and class.toml since counts, too.

Exit status: 0 nothing differs, 1 something does, 2 a folder cannot be read or they are of different labs.";

pub(super) const INIT_EXAMPLES: &str = "\
Examples:
  ipclab init tcp-echo                          starter files and handout, in the folder tcp-echo
  ipclab init tcp-echo work                     the same in the folder work
  ipclab init --ci github --from https://HOST/OWNER/ipclab
                                                a workflow for the repository that you are in
  ipclab init tcp-echo . --ci gitlab --from https://HOST/OWNER/ipclab --tier core --pass-mark 80%
                                                starter and workflow, which succeeds from 80% of core on
  ipclab init --devcontainer --from https://HOST/OWNER/ipclab
                                                a container to work in

A workflow fetches the release of exactly this version from the address, and checks it against its checksum. Where the address has no release, it builds this commit. Both are kept for the next run.";

pub(super) const VALIDATE_EXAMPLES: &str = "\
Examples:
  ipclab validate                               every lab of this repository
  ipclab validate tcp-echo --tier core
  ipclab validate my-lab/spec.toml              its programs in my-lab/submissions/{accepted,rejected}
  ipclab validate my-lab/spec.toml --update     write what came out, for you to look at
  ipclab validate tcp-echo --mutants            change calls of programs that pass, and see that it costs points
  ipclab validate tcp-echo --worlds             the same submissions in other surroundings: every verdict must stay
  ipclab validate tcp-echo --cheats             see that programs which do not do the task get nothing for it
  ipclab validate tcp-echo --reports            see that the reports of rejected ones name the line that was changed
  ipclab validate tcp-echo --reports --kept DIR the same, judged from checks that are kept in DIR and not run again

An accepted submission is a folder, with what it must get in its expected.toml. A rejected one is an accepted one with a \
fault, in a file rejected/NAME.toml:
  base  = \"whole\"                               the accepted submission
  about = \"binds port 12346 instead of 12345\"
  says  = [\"12346\"]                             words that its report must contain
  [[change]]                                    also: [[add]] with file and text; remove = [\"Makefile\"]
  file    = \"iserver.c\"
  replace = \"htons(12345)\"                      must be there exactly once
  with    = \"htons(12346)\"
  [fails]                                       exactly what it must lose, and nothing else
  echo-one = [\"output\", \"bytes\"]
`ipclab labs LAB --fault NAME -o DIR` writes it as a folder, and `ipclab check rejected/NAME.toml` grades it. What no change \
of a text can say lies in a folder rejected/NAME, with an expected.toml.

Exit status: 0 proved, 1 there are holes, 2 a spec or what a submission must get is said wrongly, 3 could not grade.";

pub(super) const GOLDEN_EXAMPLES: &str = "\
Examples:
  ipclab golden                                 every lab of this repository
  ipclab golden tcp-echo --reports after        and the reports themselves, for diff -r before after
  ipclab golden tcp-echo --record               after a change that is meant to change verdicts; labs/GOLDEN.md says why

A lab's lines stand in labs/LAB/golden.jsonl: a submission each.

Exit status: 0 nothing differs, 1 something does, 2 the command line or a spec is wrong, 3 could not grade.";

pub(super) const CERTIFY_EXAMPLES: &str = "\
Examples:
  ipclab certify                                every lab, 2000 runs
  ipclab certify tcp-echo --runs 30000          p < 1 in 10000 when nothing differs
  ipclab certify tcp-echo --case restart --way delays

Reference and accepted programs are run while the machine is idle, with every processor busy twice over, with all boxes
on one processor, and with seeded delays at their calls.

Exit status: 0 every verdict was the same, 1 some differed, 2 the command line or a spec is wrong, 3 could not judge.";
