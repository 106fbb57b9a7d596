//! Tests of the repository itself, and of commands that say the same for every user.

mod common;

mod repository {
    mod architecture;
    mod commands;
    mod coverage;
    mod modules;
    mod presenting;
    mod shrink;
}
