//! Scripted peers, played by the tool under the name `ipclab-peer` for a supervisor and another side that are this test:
//! every action once as it should go, and once with what it complains of.

mod datagrams;
mod line;
mod messages;
mod segments;
mod supervisor;
mod tcp;
mod unix;
