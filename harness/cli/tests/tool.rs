//! The tool as a user runs it, with and without rights.

mod common;

mod tool {
    mod certify;
    mod cheats;
    mod check;
    mod data_races;
    mod faults;
    mod grade {
        //! `ipclab grade` and `ipclab merge`: whole classes, from every system, and all that may be in them.

        pub(crate) mod class;
        mod evening;
        mod hostile;
        mod imports;
        mod late;
        mod marks;
        mod resume;
        mod shards;
        mod verify;
    }
    mod golden;
    mod interleave;
    mod interop;
    mod keep;
    mod lines;
    mod mappings;
    mod mutants;
    mod objects;
    mod one_case;
    mod own_builds;
    mod races;
    mod rubbish;
    mod sense;
    mod strangers;
    mod surroundings;
    mod time;
    mod trouble;
    mod tutorial;
    mod validate;
}
