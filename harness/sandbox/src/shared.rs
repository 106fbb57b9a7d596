//! stub
use ipclab_evidence::{Evidence, Plan};
use std::io;
pub(crate) fn run(_plan: &Plan) -> io::Result<Evidence> {
    Err(io::Error::other("not yet"))
}
