//! What the judge says about files and shared memory that programs map.

use ipclab_evidence::{
    HeldMapping, HeldMappings, MappedObject, MappingCrowd, Moment, ProcessEnd, SourceLine,
};

use crate::SILENT;
use crate::common::{EvidenceBuilder, case, check, process};

fn object(on: &str, by: u32) -> MappedObject {
    MappedObject {
        on: on.to_owned(),
        nameless: on.starts_with("shared"),
        shared: Some(by),
        private: None,
        writable: Some(by),
        most: 4096,
        most_by: by,
    }
}

fn left(on: &str, by: u32, bytes: u64, whole: u64) -> HeldMapping {
    HeldMapping {
        on: on.to_owned(),
        nameless: on.starts_with("shared"),
        by,
        bytes,
        whole,
    }
}

fn held(moment: Moment, mapped: &[HeldMapping]) -> HeldMappings {
    HeldMappings {
        moment,
        call: (moment == Moment::Wait).then_some(3),
        mapped: mapped.to_vec(),
    }
}

/// A program that maps a file and shared memory, waits for a child with neither, and ends.
fn mapper() -> EvidenceBuilder {
    let mut builder = EvidenceBuilder::of(&["client"]);
    for (name, line) in [("mmap", 12), ("mmap", 15), ("wait4", 20)] {
        let n = builder.call(0, name, &[], 4096);
        builder.e.trace[n as usize - 1].lines = vec![SourceLine {
            file: "copy.c".to_owned(),
            line,
        }];
    }
    let code = Some(ProcessEnd::Code(0));
    builder.e.objects.processes = vec![
        process(2, None, code, None),
        process(3, Some(0), code, None),
    ];
    let mappings = &mut builder.e.objects.processes[0].mappings;
    mappings.objects = vec![object("/tmp/data", 1), object("shared memory 1", 2)];
    mappings.held = vec![held(Moment::Wait, &[]), held(Moment::End, &[])];
    builder.e.objects.processes[1].mappings.held = vec![held(Moment::End, &[])];
    builder
}

#[test]
fn what_is_left_is_told_with_the_line_that_mapped_it() {
    let one = case(&format!(
        "{SILENT}[[case.mappings]]\nof = \"/tmp/data\"\nat_end = 0\n[[case.mappings]]\nat_wait = 0\n"
    ));
    let data = |bytes| left("/tmp/data", 1, bytes, 8192);
    check(
        &one,
        &mapper(),
        |builder| {
            let mappings = &mut builder.e.objects.processes[0].mappings;
            mappings.held[0].mapped = vec![data(8192), left("shared memory 1", 2, 4096, 4096)];
            mappings.held[1].mapped = vec![data(8192)];
        },
        &[
            "cleanup: client ended with /tmp/data still mapped (8192 bytes, mapped at copy.c:12); munmap() gives back what mmap() took",
            "cleanup: client waited with 2 mappings still mapped at #3 instead of 0: /tmp/data (8192 bytes, mapped at copy.c:12), shared memory 1 (4096 bytes, mapped at copy.c:15); munmap() gives back what mmap() took",
        ],
    );
    check(
        &one,
        &mapper(),
        |builder| {
            builder.e.objects.processes[1].mappings.held[0].mapped = vec![data(4096)];
            builder.e.objects.processes[0].mappings.held.remove(0);
        },
        &[
            "cleanup: process 3 of client ended with /tmp/data still mapped (4096 of 8192 bytes, mapped at copy.c:12); munmap() takes the length that mmap() was given",
            "cleanup: no process of client waited for a child",
        ],
    );
    // A process that was killed did not end by itself, whatever its threads ended with.
    check(
        &one,
        &mapper(),
        |builder| {
            for process in &mut builder.e.objects.processes {
                process.end = Some(ProcessEnd::Signal(9));
            }
        },
        &["cleanup: no process of client ended by itself"],
    );
    // What must still be there.
    let kept = case(&format!(
        "{SILENT}[case.mappings]\nof = \"/tmp/data\"\nat_wait = 1\n"
    ));
    let mut right = mapper();
    right.e.objects.processes[0].mappings.held[0].mapped = vec![data(8192)];
    check(
        &kept,
        &right,
        |builder| {
            builder.e.objects.processes[0].mappings.held[0]
                .mapped
                .clear()
        },
        &["cleanup: client waited without /tmp/data mapped at #3"],
    );
}

#[test]
fn how_something_is_mapped() {
    let one = case(&format!(
        "{SILENT}[[case.mappings]]\nof = \"/tmp/data\"\nshared = 1\nprivate = 0\n\
         [[case.mappings]]\nof = \"anonymous\"\nshared = 1\nwritable = 1\n[[case.mappings]]\nof = \"files\"\nshared = 1\n"
    ));
    let of = |builder: &mut EvidenceBuilder, at: usize, change: fn(&mut MappedObject)| {
        change(&mut builder.e.objects.processes[0].mappings.objects[at]);
    };
    check(
        &one,
        &mapper(),
        |builder| of(builder, 0, |file| file.private = file.shared.take()),
        &[
            "calls: client did not map /tmp/data for sharing (MAP_SHARED): it was mapped with MAP_PRIVATE at copy.c:12; what is written there is a copy that no other process sees",
            "calls: client mapped /tmp/data at copy.c:12 as a copy (MAP_PRIVATE); with MAP_PRIVATE what is written never reaches the file",
            "calls: client mapped 0 files for sharing (MAP_SHARED) instead of 1: /tmp/data was mapped with MAP_PRIVATE at copy.c:12; what is written there is a copy that no other process sees",
        ],
    );
    // Another object than the one that is meant.
    check(
        &one,
        &mapper(),
        |builder| {
            of(builder, 1, |memory| {
                memory.on = "/tmp/other".to_owned();
                memory.nameless = false;
            });
        },
        &[
            "calls: client mapped 0 pieces of shared memory for sharing (MAP_SHARED) instead of 1; it mapped /tmp/data at copy.c:12",
            "calls: client mapped 0 pieces of shared memory for writing (PROT_WRITE) instead of 1; it mapped /tmp/data at copy.c:12",
            "calls: client mapped 2 files for sharing (MAP_SHARED) instead of 1: /tmp/data at copy.c:12, /tmp/other at copy.c:15",
        ],
    );
    check(
        &one,
        &mapper(),
        |builder| of(builder, 1, |memory| memory.writable = None),
        &[
            "calls: client mapped 0 pieces of shared memory for writing (PROT_WRITE) instead of 1: shared memory 1 was mapped without PROT_WRITE at copy.c:15",
        ],
    );
    check(
        &one,
        &mapper(),
        |builder| builder.e.objects.processes[0].mappings.objects.clear(),
        &[
            "calls: client did not map /tmp/data for sharing (MAP_SHARED)",
            "calls: client mapped 0 pieces of shared memory for sharing (MAP_SHARED) instead of 1; a child has a copy of all other memory: what it writes there its parent never sees",
            "calls: client mapped 0 pieces of shared memory for writing (PROT_WRITE) instead of 1",
            "calls: client mapped 0 files for sharing (MAP_SHARED) instead of 1",
        ],
    );
    let reads = case(&format!(
        "{SILENT}[case.mappings]\nof = \"/tmp/data\"\nwritable = 0\nat_once = {{ at_most = 4096 }}\n"
    ));
    let mut right = mapper();
    of(&mut right, 0, |file| file.writable = None);
    check(
        &reads,
        &right,
        |builder| {
            of(builder, 0, |file| {
                file.writable = file.shared;
                file.most = 12288;
            });
        },
        &[
            "calls: client mapped /tmp/data at copy.c:12 for writing (PROT_WRITE); PROT_READ alone is enough to read",
            "calls: client had 12288 bytes of /tmp/data mapped at once instead of at most 4096 at copy.c:12; munmap() one part before the next one is mapped",
        ],
    );
}

#[test]
fn of_several_the_one_that_is_furthest_from_what_is_wanted_is_told() {
    let one = case(&format!(
        "{SILENT}[case.mappings]\nat_once = {{ at_least = 4096, at_most = 8192 }}\n"
    ));
    let told = |most: [u64; 2], message: &str| {
        check(
            &one,
            &mapper(),
            |builder| {
                let objects = &mut builder.e.objects.processes[0].mappings.objects;
                (objects[0].most, objects[1].most) = (most[0], most[1]);
            },
            &[message],
        );
    };
    told(
        [12288, 20480],
        "calls: client had 20480 bytes of shared memory 1 mapped at once instead of 4096 to 8192 at copy.c:15; munmap() one part before the next one is mapped",
    );
    told(
        [0, 8192],
        "calls: client had 0 bytes of /tmp/data mapped at once instead of 4096 to 8192 at copy.c:12",
    );
}

/// A process with too many mappings to be looked at each time has shown nothing, whatever the rest says.
#[test]
fn a_crowd_of_mappings_fails_with_its_number() {
    let one = case(&format!(
        "{SILENT}[case.mappings]\nprivate = 0\nat_wait = 0\nat_end = 0\n"
    ));
    check(
        &one,
        &mapper(),
        |builder| {
            builder.e.objects.processes[0].mappings.crowd = Some(MappingCrowd {
                mappings: 65530,
                unseen: 64000,
            });
        },
        &[
            "cleanup: what client has mapped is not proved: it had 65530 mappings at once, so that they were not looked at after 64000 calls",
            "cleanup: what client has mapped is not proved: it had 65530 mappings at once, so that they were not looked at after 64000 calls",
            "calls: what client has mapped is not proved: it had 65530 mappings at once, so that they were not looked at after 64000 calls",
        ],
    );
}
