//! What hangs on the repository itself, or says the same whoever runs it.

mod common;

mod repository {
    mod architecture;
    mod commands;
    mod coverage;
    mod modules;
    mod presenting;
    mod shrink;
}
