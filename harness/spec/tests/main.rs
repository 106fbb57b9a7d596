//! The spec language: a file for each file of `src`, and in `properties` what holds for any text.

mod common;
mod diagnostic;
mod expected;
mod patch;
mod plain;
mod properties;
mod resolve;
mod schema;
