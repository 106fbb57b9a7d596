//! `shm_writer` and `shm_reader`, as programs.

use crate::world::{SegmentRow, run, segments};
use ipclab_reference::sysv::Segment;
use predicates::prelude::*;
use predicates::str::{contains, starts_with};

/// Makes a segment as another process would have left it.
fn given(key: i32, size: usize, mode: i32, content: &[u8]) -> Segment {
    let segment = Segment::get(key, size, libc::IPC_CREAT | libc::IPC_EXCL | mode).expect("shmget");
    if !content.is_empty() {
        let memory = segment.attach_read_write().expect("shmat");
        memory.store(content).expect("it fits");
        memory.detach().expect("shmdt");
    }
    segment
}

/// The string that a segment holds.
fn holds(segment: Segment) -> Vec<u8> {
    segment.attach_read_only().expect("shmat").c_string()
}

fn segment_100() -> SegmentRow {
    let mut rows: Vec<_> = segments().into_iter().filter(|s| s.key == 100).collect();
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

fn find_100() -> Segment {
    Segment::get(100, 0, 0).expect("segment 100")
}

in_a_world! {
    fn writer_leaves_hello_and_reader_clears_it_up(world) {
        world.run("shm_writer", &[], "").success().stdout("").stderr("");
        let row = segment_100();
        assert_eq!((row.mode.as_str(), row.size, row.attached), ("644", 1024, 0));
        assert_eq!(holds(find_100()), b"Hello");

        world.run("shm_reader", &[], "").success().stdout("Hello\n").stderr("");
        assert!(!segments().iter().any(|s| s.key == 100));
    }

    fn writer_run_twice_leaves_one_segment(world) {
        world.run("shm_writer", &[], "").success();
        let first = segment_100();
        world.run("shm_writer", &[], "").success();
        assert_eq!(segment_100(), first);
        find_100().remove().expect("shmctl");
    }

    fn writer_touches_nothing_behind_its_string(world) {
        let segment = given(100, 1024, 0o644, &[b'x'; 1024]);
        world.run("shm_writer", &[], "").success();
        let memory = segment.attach_read_write().expect("shmat");
        assert_eq!(memory.c_string(), b"Hello");
        // With the NUL out of the way the rest shows.
        memory.store(b"Hello!").expect("it fits");
        assert_eq!(memory.c_string(), [&b"Hello!"[..], &[b'x'; 1018]].concat());
        drop(memory);
        segment.remove().expect("shmctl");
    }

    fn writer_refuses_a_segment_that_is_too_small(world) {
        let segment = given(100, 16, 0o644, b"old");
        let before = segment_100();
        world.run("shm_writer", &[], "").code(1).stdout("").stderr("shmget: Invalid argument\n");
        assert_eq!((segment_100(), holds(segment)), (before, b"old".to_vec()));
        segment.remove().expect("shmctl");
    }

    fn a_segment_that_is_not_permitted_is_left_alone(world) {
        let segment = given(100, 1024, 0, b"");
        let before = segment_100();
        for name in ["shm_writer", "shm_reader"] {
            run(world.powerless(name), "").code(1).stdout("").stderr("shmget: Permission denied\n");
            assert_eq!(segment_100(), before);
        }
        segment.remove().expect("shmctl");
    }

    fn reader_without_a_segment_makes_none(world) {
        world.run("shm_reader", &[], "").code(1).stdout("").stderr("shmget: No such file or directory\n");
        assert!(!segments().iter().any(|s| s.key == 100));
    }

    fn reader_stops_at_the_end_of_the_segment(world) {
        // A whole page and no NUL: one byte further there is no memory.
        given(100, 4096, 0o644, &[b'x'; 4096]);
        let expect = [&[b'x'; 4096][..], b"\n"].concat();
        world.run("shm_reader", &[], "").success().stdout(expect);
    }

    fn reader_prints_bytes_that_are_no_text(world) {
        given(100, 16, 0o644, b"\xff\x01\n\0");
        world.run("shm_reader", &[], "").success().stdout(&b"\xff\x01\n\n"[..]);
    }

    fn reader_removes_its_own_segment_only(world) {
        let foreign = given(101, 64, 0o644, b"mine");
        let private = given(libc::IPC_PRIVATE, 64, 0o644, b"mine");
        world.run("shm_writer", &[], "").success();
        world.run("shm_reader", &[], "").success();
        assert_eq!((holds(foreign), holds(private)), (b"mine".to_vec(), b"mine".to_vec()));
        foreign.remove().expect("shmctl");
        private.remove().expect("shmctl");
    }

    fn reader_needs_no_right_to_write(world) {
        let segment = given(100, 1024, 0o444, b"");
        let reader = run(world.powerless("shm_reader"), "").stdout("\n");
        if world.powerless_owns() {
            reader.success();
        } else {
            reader.code(1).stderr("shmctl: Operation not permitted\n");
            segment.remove().expect("shmctl");
        }
    }

    fn each_call_that_fails_is_named(world) {
        for (name, call, errno, expect) in [
            ("shm_writer", "shmget", "ENOSPC", "shmget: No space left on device\n"),
            ("shm_writer", "shmat", "ENOMEM", "shmat: Cannot allocate memory\n"),
            ("shm_writer", "shmdt", "EINVAL", "shmdt: Invalid argument\n"),
            ("shm_reader", "shmat", "EACCES", "shmat: Permission denied\n"),
            ("shm_reader", "shmdt", "EINVAL", "shmdt: Invalid argument\n"),
        ] {
            given(100, 1024, 0o644, b"old");
            if let Some(command) = world.injected(&format!("{call}:error={errno}"), name, &[]) {
                run(command, "").code(1).stderr(expect);
            }
            let row = segment_100();
            assert_eq!(row.attached, 0, "{name} {call}");
            find_100().remove().expect("shmctl");
        }
        // The removal is the last of two shmctl calls; the first asks for the size.
        given(100, 1024, 0o644, b"old");
        if let Some(command) = world.injected("shmctl:error=EPERM:when=2", "shm_reader", &[]) {
            run(command, "").code(1).stdout("old\n").stderr("shmctl: Operation not permitted\n");
        }
        find_100().remove().expect("shmctl");
    }

    fn create_info_and_remove_show_the_whole_life(world) {
        let file = world.folder().join("key");
        std::fs::write(&file, "any file").expect("a file");
        let path = file.to_str().expect("text");
        let made = world.run("shm_create", &[path, "7", "5000"], "").success().stderr("");
        let said = String::from_utf8(made.get_output().stdout.clone()).expect("text");
        let row = segments().remove(0);
        let key = format!("{:#010x}", row.key);
        let id = said.lines().last().and_then(|line| line.strip_prefix("shmid: ")).expect("shmid").to_owned();
        assert_eq!(said, format!("key: {key}\nshmid: {id}\n"));
        assert_eq!((row.mode.as_str(), row.size, row.attached), ("640", 5000, 0));
        assert_eq!(row.key >> 24, 7, "ftok puts the number into the highest byte");

        world.run("shm_create", &[path, "7", "5000"], "").code(1).stdout("")
            .stderr("shmget: File exists\n");
        let info = world.run("shm_info", &[&id], "").success().stderr("");
        let said = String::from_utf8(info.get_output().stdout.clone()).expect("text");
        let names: Vec<&str> = said.lines().filter_map(|line| line.split(": ").next()).collect();
        assert_eq!(names, [
            "shmid", "shm_perm.key", "shm_perm.uid", "shm_perm.gid", "shm_perm.cuid", "shm_perm.cgid",
            "shm_perm.mode", "shm_segsz", "shm_atime", "shm_dtime", "shm_ctime", "shm_cpid", "shm_lpid",
            "shm_nattch", "pages", "flags",
        ]);
        for line in [
            &format!("shmid: {id}"), &format!("shm_perm.key: {key}"), "shm_perm.mode: 0640", "shm_segsz: 5000",
            "shm_atime: 0", "shm_dtime: 0", "shm_lpid: 0", "shm_nattch: 0", "pages: 2", "flags: none",
        ] {
            assert!(said.lines().any(|seen| seen == line), "{line} in\n{said}");
        }

        world.run("shm_info", &[&id, "mode", "604"], "").success()
            .stdout(contains("shm_perm.mode: 0604\n"));
        world.run("shm_info", &[&id, "lock"], "").success().stdout(contains("flags: locked\n"));
        world.run("shm_info", &[&id, "unlock"], "").success().stdout(contains("flags: none\n"));
        world.run("shm_info", &[&id, "attach", "0x600000001234"], "").success()
            .stdout(starts_with("attached: 0x600000001000\nshmid: ").and(contains("shm_nattch: 1\n")));
        assert_eq!(segments().remove(0).attached, 0);
        world.run("shm_remove", &[&id], "").success().stdout(format!("segment {id}: removed\n")).stderr("");
        assert_eq!(segments(), []);
        for program in ["shm_info", "shm_remove"] {
            world.run(program, &[&id], "").code(1).stdout("").stderr("shmctl: Invalid argument\n");
        }
    }

    fn a_segment_lives_until_its_last_detachment(world) {
        let segment = given(100, 64, 0o600, b"held");
        let id = segment.id().to_string();
        let memory = segment.attach_read_write().expect("shmat");
        world.run("shm_remove", &[&id], "").success()
            .stdout(format!("segment {id}: marked for removal, 1 attached\n"));
        world.run("shm_info", &[&id], "").success()
            .stdout(contains("shm_perm.key: 0x00000000\n").and(contains("shm_nattch: 1\n")).and(contains("flags: dest\n")));
        assert_eq!(memory.c_string(), b"held");
        memory.detach().expect("shmdt");
        assert_eq!(segments(), []);
    }

    fn private_segments_are_new_every_time(world) {
        for _ in 0..2 {
            world.run("shm_create", &["-", "1", "10"], "").success()
                .stdout(starts_with("key: 0x00000000\nshmid: "));
        }
        let rows = segments();
        assert_eq!(rows.iter().map(|row| row.key).collect::<Vec<_>>(), [0, 0]);
        for row in rows {
            world.run("shm_remove", &[&row.id.to_string()], "").success();
        }
    }

    fn arguments_that_are_none_make_and_remove_nothing(world) {
        let segment = given(100, 64, 0o600, b"");
        for args in [&["-", "0", "10"][..], &["-", "256", "10"], &["-", "7x", "10"], &["-", "7", "0"], &["-", "7", "-1"],
                     &["-", "7", "12x"], &["-", "7"], &[]] {
            world.run("shm_create", args, "").code(1).stdout("").stderr("Usage: ./shm_create PATH ID SIZE\n");
        }
        world.run("shm_create", &["/nowhere", "7", "10"], "").code(1).stdout("")
            .stderr("ftok: No such file or directory\n");
        for args in [&["x"][..], &["-1"], &["0x0"], &["0", "0"], &[]] {
            world.run("shm_remove", args, "").code(1).stdout("").stderr("Usage: ./shm_remove SHMID\n");
        }
        for args in [&["x"][..], &["0", "mode"], &["0", "mode", "888"], &["0", "mode", "1777"], &["0", "lock", "now"],
                     &["0", "attach", "12"], &["0", "look"]] {
            world.run("shm_info", args, "").code(1).stdout("").stderr(starts_with("Usage: ./shm_info SHMID [mode"));
        }
        assert_eq!(segments().len(), 1);
        segment.remove().expect("shmctl");
    }
}
