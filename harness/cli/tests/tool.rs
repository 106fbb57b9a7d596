//! The tool as a user runs it, with and without rights.

mod common;

mod tool {
    mod certify;
    mod check;
    mod faults;
    mod grade;
    mod interleave;
    mod interop;
    mod keep;
    mod mutants;
    mod races;
    mod rubbish;
    mod validate;
}
